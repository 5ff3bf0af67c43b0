import ProveKeySealing
import Testing

@Suite("Ed25519")
struct Ed25519Tests {
  private let message: [UInt8] = [1, 2, 3]

  @Test("a signature is refused when any bit of it, of the message or of the key is changed")
  func everyBit() throws {
    let seed = try Ed25519.makeSeed()
    let publicKey = try Ed25519.publicKey(ofSeed: seed)
    let signature = Ed25519.sign(message.span, with: try Ed25519.signingKey(ofSeed: seed))
    #expect(verifies(signature, message, publicKey))
    let whole = signature + message + publicKey
    for bit in 0..<(whole.count * 8) {
      var changed = whole
      changed[bit / 8] ^= 1 << (bit % 8)
      let accepted = Ed25519.verify(
        changed.span.extracting(0..<64), of: changed.span.extracting(64..<67),
        publicKey: changed.span.extracting(67..<99))
      #expect(!accepted, "bit \(bit)")
    }
  }

  @Test("signatures and keys of another length are refused, not read past their end")
  func lengths() throws {
    let seed = try Ed25519.makeSeed()
    let publicKey = try Ed25519.publicKey(ofSeed: seed)
    let signature = Ed25519.sign(message.span, with: try Ed25519.signingKey(ofSeed: seed))
    #expect(!verifies([], message, publicKey))
    #expect(!verifies(signature, message, []))
    #expect(!verifies(signature + [0], message, publicKey))
    #expect(!verifies(signature, message, publicKey + [0]))
    let short = try SecretBytes.random(count: 31)
    #expect(throws: SealingError.wrongByteCount) { try Ed25519.publicKey(ofSeed: short) }
  }

  @Test("a public key of small order verifies nothing")
  func smallOrder() {
    // The neutral element: with it, R = identity and S = 0 satisfy the bare equation for any message.
    let neutral: [UInt8] = [1] + [UInt8](repeating: 0, count: 31)
    let signature = neutral + [UInt8](repeating: 0, count: 32)
    #expect(!verifies(signature, message, neutral))
  }
}
