@testable import ProveKeyVault

/// A key of the database role that was read is written as the very bytes it was read from, and two
/// keys are ordered as their bytes are.
///
/// The first byte of the input says where the second key begins.
func fuzz(_ bytes: [UInt8]) {
  guard let first = bytes.first else { return }
  let rest = bytes.dropFirst()
  let middle = rest.startIndex + min(Int(first), rest.count)
  // What is refused is as it should be.
  let keys = [Array(rest[..<middle]), Array(rest[middle...])].compactMap { part in
    (try? DatabaseKeyCodec.decode(part)).map { (key: $0, bytes: part) }
  }
  for (key, bytes) in keys {
    guard let again = try? DatabaseKeyCodec.encode(key) else { preconditionFailure("not encoded") }
    precondition(again == bytes, "another encoding of the same key")
  }
  guard keys.count == 2 else { return }
  precondition(
    (keys[0].key < keys[1].key) == keys[0].bytes.lexicographicallyPrecedes(keys[1].bytes),
    "the order of the bytes is not that of the keys")
}
