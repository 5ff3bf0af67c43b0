import ProveKeyModel

/// An assertion that was read is written as the very bytes it was read from.
func fuzz(_ bytes: [UInt8]) {
  guard let assertion = try? KeyAssertion(encoded: bytes) else { return }  // refused
  precondition(assertion.encoded == bytes)
}
