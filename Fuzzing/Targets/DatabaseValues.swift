@testable import ProveKeyVault

/// A value of the database role that was read is written as the very bytes it was read from.
func fuzz(_ bytes: [UInt8]) {
  // What is refused is as it should be.
  guard let value = try? DatabaseValueCodec.decode(bytes) else { return }
  guard let again = try? DatabaseValueCodec.encode(value) else {
    preconditionFailure("not encoded")
  }
  precondition(again == bytes, "another encoding of the same value")
}
