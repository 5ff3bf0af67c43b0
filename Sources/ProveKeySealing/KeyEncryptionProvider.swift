/// A key store outside: Keychain, Android Keystore, a TPM, a key management service.
///
/// A provider wraps one 32-byte key when a store is locked and unwraps it when the store is opened.
/// What it throws is told by its name: ``KeyEncryptionProviderError`` where it knows what is the
/// matter, and any other error as ``SealingError/provider(_:)``.
public protocol KeyEncryptionProvider: Sendable {
  /// 1 to 64 printable ASCII characters, kept in the header so that a wrong provider is told by name.
  var name: String { get }

  /// Encrypts `key` so that only this provider can decrypt it.
  ///
  /// - Parameter context: the store's kind (1 byte) and id (16 bytes), to be authenticated with it.
  /// - Returns: at most 4096 bytes.
  func wrap(_ key: borrowing SecretBytes, context: [UInt8]) throws -> [UInt8]

  /// Decrypts what ``wrap(_:context:)`` returned, given the same context.
  ///
  /// - Throws: ``KeyEncryptionProviderError/keyGone`` only when the key will not come back: a vault
  ///   may then be reset, which erases it.
  func unwrap(_ wrapped: [UInt8], context: [UInt8]) throws -> SecretBytes
}

/// What a provider knows of its own failure; each case names its remedy.
@nonexhaustive
public enum KeyEncryptionProviderError: Error, Equatable, Sendable {
  /// The provider's key is gone for good, as after a restore to another device: reset the store, or
  /// unlock it by another way.
  case keyGone
  /// The person cancelled, or the device is locked: ask again.
  case refused
  /// The provider cannot be reached or is not there on this system: repeat later.
  case unavailable
  /// It failed otherwise: `errno`, or a code of its own.
  case failed(code: Int32)
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

extension SealingError {
  /// Says what an error that a provider threw means; nothing of the error's own text is kept.
  init(thrown error: any Error, by name: String) {
    if let error = error as? KeyEncryptionProviderError {
      switch error {
      case .keyGone: self = .providerKeyGone(name)
      case .refused: self = .providerRefused(name)
      case .unavailable: self = .providerUnavailable(name)
      case .failed: self = .provider(name)
      }
    } else if case .lockedMemoryExhausted? = error as? SealingError {
      // Not the provider's fault: it asked for guarded memory to answer in.
      self = .lockedMemoryExhausted
    } else {
      self = .provider(name)
    }
  }
}
