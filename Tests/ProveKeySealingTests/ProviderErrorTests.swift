import ProveKeySealing
import Testing

@Suite("What a provider says of its own failure")
struct ProviderErrorTests {
  /// A provider that works until it is told to throw.
  private struct Failing: KeyEncryptionProvider {
    let name = "failing"
    var error: (any Error)?

    func wrap(_ key: borrowing SecretBytes, context: [UInt8]) throws -> [UInt8] {
      if let error { throw error }
      return key.withBytes { $0.copiedForTest }
    }

    func unwrap(_ wrapped: [UInt8], context: [UInt8]) throws -> SecretBytes {
      if let error { throw error }
      return try SecretBytes(copying: wrapped.span)
    }
  }

  private struct OfItsOwn: Error {}

  @Test("a key that is gone, a refusal and a provider out of reach are errors of their own")
  func errors() throws {
    let (keys, header) = try StoreKeys.create(kind: .vault, unlock: .provider(Failing()))
    let expected: [(any Error, SealingError)] = [
      (KeyEncryptionProviderError.keyGone, .providerKeyGone("failing")),
      (KeyEncryptionProviderError.refused, .providerRefused("failing")),
      (KeyEncryptionProviderError.unavailable, .providerUnavailable("failing")),
      (KeyEncryptionProviderError.failed(code: 5), .provider("failing")),
      (OfItsOwn(), .provider("failing")),
      (SealingError.wrongPassphrase, .provider("failing")),
      (SealingError.lockedMemoryExhausted, .lockedMemoryExhausted),
    ]
    for (thrown, error) in expected {
      let provider = Failing(error: thrown)
      #expect(throws: error) {
        try StoreKeys.open(
          header: header, epochs: keys.sealedEpochs, kind: .vault, unlock: .provider(provider))
      }
      #expect(throws: error) { try keys.rewrap(unlock: .provider(provider)) }
    }
  }
}
