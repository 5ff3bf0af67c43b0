/// A key store outside: Keychain, Android Keystore, a TPM, a key management service.
///
/// A provider wraps one 32-byte key when a store is locked and unwraps it when the store is opened;
/// its own errors become ``SealingError/provider(_:)`` with its name.
public protocol KeyEncryptionProvider: Sendable {
  /// 1 to 64 printable ASCII characters, kept in the header so that a wrong provider is told by name.
  var name: String { get }

  /// Encrypts `key` so that only this provider can decrypt it.
  ///
  /// - Parameter context: the store's kind (1 byte) and id (16 bytes), to be authenticated with it.
  /// - Returns: at most 4096 bytes.
  func wrap(_ key: borrowing SecretBytes, context: [UInt8]) throws -> [UInt8]

  /// Decrypts what ``wrap(_:context:)`` returned, given the same context.
  func unwrap(_ wrapped: [UInt8], context: [UInt8]) throws -> SecretBytes
}

/// The limits of what a provider may say.
enum ProviderLimits {
  /// The most bytes that a wrapped key may have.
  static let wrappedByteCount = 4096
  /// The most characters that a name may have.
  static let nameByteCount = 64

  /// Whether a name is 1 to 64 printable ASCII characters.
  static func accepts(name: String) -> Bool {
    (1...nameByteCount).contains(name.utf8.count)
      && name.utf8.allSatisfy { (0x20...0x7E).contains($0) }
  }
}
