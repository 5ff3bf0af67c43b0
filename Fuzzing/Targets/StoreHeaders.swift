@testable import ProveKeySealing

/// A header that was read is written as the very bytes it was read from.
///
/// The input comes once as it is and once with the checksum that any forger can add.
func fuzz(_ bytes: [UInt8]) {
  for header in [bytes, bytes + Hashing.blake2b256(of: bytes.span)] {
    guard let parsed = try? StoreHeader.parse(header) else { continue }  // refused
    precondition(parsed.bytes == header)
    _ = try? parsed.parameters.passphraseCost()  // a forged cost is refused
  }
}
