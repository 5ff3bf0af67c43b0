import ProveKeySealing
import Testing

@Test("what was sealed opens in its place")
func sealedOpens() throws {
  let unlock = UnlockMethod.rawKey(try RawKey.random())
  let made = try StoreKeys.create(kind: .vault, unlock: unlock)
  let context = RecordContext(
    table: "records", locator: made.keys.locator("device", "d-1"), version: 1)
  let sealed = try made.keys.seal([1, 2, 3].span, as: context)
  let again = try StoreKeys.open(
    header: made.header, epochs: made.keys.sealedEpochs, kind: .vault, unlock: unlock)
  #expect(try again.open(sealed.span, as: context) == [1, 2, 3])
}
