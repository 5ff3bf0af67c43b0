import Foundation
import ProveKeyPlatform
import ProveKeyVault
import Testing

/// Source: WHATWG HTML, "Web storage", the `storage` event.
@Suite("changes that handles of localStorage hear of")
struct LocalStorageChangeTests {
  let fixture: VaultFixture

  init() throws { fixture = try VaultFixture() }

  private func text(_ units: [UInt16]?) -> String? {
    units.map { String(decoding: $0, as: UTF16.self) }
  }

  /// The next `count` changes; all of them wait already, since writers tell before they return.
  private func next(
    _ count: Int, of stream: AsyncStream<LocalStorageChange>
  ) async -> [LocalStorageChange] {
    var changes: [LocalStorageChange] = []
    guard count > 0 else { return [] }
    for await change in stream {
      changes.append(change)
      if changes.count == count { break }
    }
    return changes
  }

  @Test("another handle hears of each write once, with the value before and after (L4)")
  func told() async throws {
    let vault = try fixture.open()
    let (writer, reader) = (
      try vault.localStorage(for: shop), try vault.localStorage(for: shop)
    )
    let stream = try reader.changes()
    try writer.setItem("a", "1")
    try writer.setItem("a", "2")
    try writer.removeItem("a")
    try writer.setItem("b", "3")
    try writer.clear()
    let changes = await next(5, of: stream)
    #expect(changes.map(\.origin) == [String](repeating: shop, count: 5))
    #expect(changes.map { text($0.key) } == ["a", "a", "a", "b", nil])
    #expect(changes.map { text($0.oldValue) } == [nil, "1", "2", nil, nil])
    #expect(changes.map { text($0.newValue) } == ["1", "2", nil, "3", nil])
    #expect(changes.map(\.sequence) == [1, 2, 3, 4, 5])
  }

  @Test("nobody hears of a write that changed nothing or failed, nor a handle of its own (L4)")
  func notTold() async throws {
    let vault = try fixture.open()
    let writer = try vault.localStorage(for: shop, quotaCodeUnits: 10)
    let reader = try vault.localStorage(for: shop)
    try writer.setItem("a", "1")
    let (readers, own) = (try reader.changes(), try writer.changes())
    try writer.setItem("a", "1")
    try writer.removeItem("b")
    #expect(
      try vaultError { try writer.setItem("c", "much too long a value") } == .quotaExceeded)
    try vault.localStorage(for: "https://other.example").setItem("a", "other")
    try vault.localStorage(for: "https://other.example").clear()
    try writer.setItem("last", "1")
    #expect(await next(1, of: readers).map { text($0.key) } == ["last"])
    try writer.clear()
    try writer.clear()
    try reader.setItem("reader", "1")
    #expect(await next(1, of: own).map { text($0.key) } == ["reader"])
    try writer.setItem("e", "1")
    #expect(await next(2, of: readers).map { text($0.key) } == [nil, "e"])
  }

  @Test("handles of another vault object on the same file hear, those of another file do not (L4)")
  func acrossVaults() async throws {
    let first = try fixture.open(mode: .shared)
    let second = try fixture.open(mode: .shared)
    let stream = try second.localStorage(for: shop).changes()
    try first.localStorage(for: shop).setItem("a", "1")
    try fixture.crashCopy(to: "copy.vault")
    let copy = try fixture.open("copy.vault")
    try copy.localStorage(for: shop).setItem("a", "of the copy")
    let elsewhere = try fixture.open("elsewhere.vault")
    try elsewhere.localStorage(for: shop).setItem("a", "of another vault")
    try first.localStorage(for: shop).setItem("b", "2")
    let changes = await next(2, of: stream)
    #expect(changes.map { text($0.newValue) } == ["1", "2"])
    #expect(try second.localStorage(for: shop).getItem("b") == "2")
  }

  @Test("a listener that falls behind holds up nobody, and sees what it lost by a gap (L4)")
  func slowListener() async throws {
    let vault = try fixture.open()
    let reader = try vault.localStorage(for: shop)
    let (short, long) = (try reader.changes(bufferingNewest: 3), try reader.changes())
    let writer = try vault.localStorage(for: shop)
    for number in 1...50 { try writer.setItem("n", "\(number)") }
    #expect(await next(3, of: short).map(\.sequence) == [48, 49, 50])
    #expect(await next(50, of: long).map(\.sequence) == Array(1...50))
  }

  @Test("streams end when their vault is closed, and when nobody holds it")
  func ends() async throws {
    let vault = try fixture.open(mode: .shared)
    var other: KeyVault? = try fixture.open(mode: .shared)
    let first = try vault.localStorage(for: shop).changes()
    let second = try other?.localStorage(for: shop).changes()
    other = nil
    for await _ in try #require(second) { Issue.record("nothing was written") }
    try vault.localStorage(for: shop).setItem("a", "1")
    try vault.close()
    var keys: [String?] = []
    for await change in first { keys.append(text(change.key)) }
    #expect(keys == ["a"])
  }

  @Test("a listener that stops listening is forgotten, and others go on")
  func cancelled() async throws {
    let vault = try fixture.open()
    let (reader, writer) = (
      try vault.localStorage(for: shop), try vault.localStorage(for: shop)
    )
    let kept = try reader.changes()
    do {
      let dropped = try reader.changes()
      try writer.setItem("a", "1")
      #expect(await next(1, of: dropped).count == 1)
    }
    try writer.setItem("a", "2")
    #expect(await next(2, of: kept).map { text($0.newValue) } == ["1", "2"])
  }

  @Test("changes of writers side by side, replayed, give what is stored (L4)")
  func replay() async throws {
    let vaults = [try fixture.open(mode: .shared), try fixture.open(mode: .shared)]
    let stream = try vaults[0].localStorage(for: shop).changes(bufferingNewest: 1024)
    await withTaskGroup(of: Void.self) { group in
      for writer in 0..<4 {
        group.addTask {
          do {
            let storage = try vaults[writer % 2].localStorage(for: shop)
            for round in 0..<100 {
              try storage.setItem("\((writer + round) % 5)", "\(writer) \(round)")
              if round % 7 == 6 { try storage.removeItem("\(round % 5)") }
              if round == 15 { try storage.clear() }
            }
          } catch {
            Issue.record(error)
          }
        }
      }
    }
    try vaults[1].localStorage(for: shop).setItem("end", "1")
    var items: [[UInt16]: [UInt16]] = [:]
    for await change in stream {
      if let key = change.key {
        #expect(change.oldValue == items[key])
        items[key] = change.newValue
      } else {
        items = [:]
      }
      if text(change.key) == "end" { break }
    }
    let storage = try vaults[0].localStorage(for: shop)
    #expect(try storage.count == items.count)
    for (key, value) in items { #expect(try storage.getItem(key) == value) }
  }
}
