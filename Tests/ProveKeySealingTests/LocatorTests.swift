import ProveKeySealing
import Testing

@Suite("Locators")
struct LocatorTests {
  @Test("different lists of domain and parts have different locators")
  func injective() throws {
    let keys = try StoreKeys.forTesting()
    let all = [
      keys.locator("d"), keys.locator("d", ""), keys.locator("d", "", ""),
      keys.locator("d", "abc"), keys.locator("d", "ab", "c"), keys.locator("d", "a", "bc"),
      keys.locator("d", "", "abc"), keys.locator("d", "abc", ""),
      keys.locator("d", "a", "b", "c"), keys.locator("da", "bc"), keys.locator("dabc"),
      keys.locator("", "dabc"), keys.locator("d", "abC"), keys.locator("d", "a\u{0}bc"),
      keys.locator("d", "e\u{301}"), keys.locator("d", "\u{e9}"),
    ]
    #expect(Set(all).count == all.count)
  }

  @Test("every overload gives the same locator for the same bytes")
  func overloads() throws {
    let keys = try StoreKeys.forTesting()
    let (scope, name) = (Array("scope".utf8), Array("naïve, longer than fifteen".utf8))
    let expected = keys.locator("d", "scope", "naïve, longer than fifteen")
    let fromSpans = keys.locator("d", scope.span, name.span)
    #expect(keys.locator("d", scope, name) == expected)
    #expect(fromSpans == expected)
    #expect(keys.locator("d", Array("x".utf8)) == keys.locator("d", "x"))
    #expect(
      keys.locator("d", "1", "2", "3", "4") == keys.locator("d", [49], [50], [51], [52]))
  }

  @Test("two stores give the same name different locators, and one store always the same")
  func keyed() throws {
    let unlock = UnlockMethod.rawKey(try RawKey.random())
    let (keys, header) = try StoreKeys.create(kind: .vault, unlock: unlock)
    let again = try StoreKeys.open(
      header: header, epochs: keys.sealedEpochs, kind: .vault, unlock: unlock)
    #expect(keys.locator("d", "name") == again.locator("d", "name"))
    #expect(try keys.locator("d", "name") != StoreKeys.forTesting().locator("d", "name"))
  }

  @Test("a locator survives its bytes and sorts as they do")
  func bytesAndOrder() throws {
    let keys = try StoreKeys.forTesting()
    let all = (0..<200).map { keys.locator("d", "\($0)") }
    for locator in all { #expect(Locator(locator.bytes) == locator) }
    let byBytes = all.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    #expect(all.sorted() == byBytes)
    #expect(Locator([UInt8](repeating: 0, count: 15)) == nil)
    #expect(Locator([UInt8](repeating: 0, count: 17)) == nil)
  }
}
