import ProveKeySealing

private let place = RecordContext(table: "fuzz", locator: keys.locator("fuzz.place"), version: 7)

private let keys: StoreKeys = {
  do {
    let entropy = Entropy.predictableForTests(PredictableBytes())
    let key = try RawKey([UInt8](0..<32).span)
    return try StoreKeys.create(kind: .vault, unlock: .rawKey(key), entropy: entropy).keys
  } catch { fatalError("no keys: \(error)") }
}()

private let sealed: [UInt8] = {
  do {
    return try keys.seal([UInt8](repeating: 5, count: 40).span, as: place)
  } catch { fatalError("not sealed: \(error)") }
}()

/// Nothing but the very envelope that was sealed opens.
///
/// The input comes once as an envelope, and once laid over a sealed one.
func fuzz(_ bytes: [UInt8]) {
  check(bytes)
  var changed = sealed
  for (index, byte) in bytes.enumerated() where index < changed.count { changed[index] ^= byte }
  check(changed)
  if bytes.count < sealed.count { check(Array(sealed[..<bytes.count])) }
}

private func check(_ envelope: [UInt8]) {
  // Each may refuse; none may trap.
  _ = try? SealedRecord.epoch(of: envelope.span)
  _ = try? SealedRecord.commitment(of: envelope.span)
  _ = try? keys.openState(envelope.span, as: place)
  let opened = try? keys.open(envelope.span, as: place)
  precondition((opened != nil) == (envelope == sealed), "another envelope opens")
}
