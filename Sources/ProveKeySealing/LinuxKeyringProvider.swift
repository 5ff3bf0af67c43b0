import Glibc

/// Wraps under a 32-byte key in the Linux kernel's keyring, where it never touches a disk.
///
/// The key is found by its description. It is gone when the machine starts anew, and earlier where
/// the keyring ends earlier: see ``Keyring``. So either something puts it back (``create(key:)``
/// with a key that is kept elsewhere), or a lost key is what is wanted. A gone key is
/// ``KeyEncryptionProviderError/keyGone``; a kernel that has no keyring, or does not let a container
/// at it, ``KeyEncryptionProviderError/unavailable``.
public struct LinuxKeyringProvider: KeyEncryptionProvider {
  /// How long the key lives, and who may use it.
  public enum Keyring: Hashable, Sendable {
    /// All processes of the user, until the machine is restarted or the user's last process ends.
    case user
    /// The processes of this login session, until it ends.
    case session
    /// All processes of the user, until it was not used for some days (the system says how many,
    /// usually three) or the machine is restarted.
    case persistent
  }

  /// Kept in a store's header; it tells neither the keyring nor the description.
  public let name = "linux-keyring"
  /// Where the key is.
  public let keyring: Keyring
  private let key: KernelKey

  private static let label = "prove-key-store linux keyring 1"

  /// Names a key; nothing is looked at yet.
  ///
  /// - Parameter description: 1 to 255 printable ASCII characters; it can be seen in `/proc/keys`.
  /// - Returns: nil for another description.
  public init?(description: String, keyring: Keyring = .user) {
    let characters = description.utf8
    guard (1...255).contains(characters.count),
      characters.allSatisfy({ (0x20...0x7E).contains($0) })
    else { return nil }
    self.keyring = keyring
    key = KernelKey(description: description, keyring: keyring)
  }

  /// Puts the key into the keyring.
  ///
  /// Two processes that call it at the same instant may both succeed, and the later key stays.
  /// - Parameter key: nil for a random one, which nobody else has.
  /// - Throws: ``KeyEncryptionProviderError/failed(code:)`` with `EEXIST` when there is one already:
  ///   it is never replaced.
  public func create(key: RawKey? = nil) throws(KeyEncryptionProviderError) {
    guard try !isThere else { throw .failed(code: EEXIST) }
    if let key {
      try self.key.add(key.box.bytes)
    } else {
      do {
        let random = try SecretBytes.random(count: WrappedKey.keyCount)
        try self.key.add(random)
      } catch let error as KeyEncryptionProviderError {
        throw error
      } catch {
        throw .failed(code: ENOMEM)  // no guarded memory
      }
    }
  }

  /// Whether the key is in the keyring.
  public var isThere: Bool {
    get throws(KeyEncryptionProviderError) { try key.find() != nil }
  }

  /// Revokes the key for everybody and takes it out of the keyring: what it wrapped is lost.
  ///
  /// - Returns: false when there was none.
  @discardableResult
  public func remove() throws(KeyEncryptionProviderError) -> Bool { try key.remove() }

  /// Encrypts a key under the one in the keyring.
  public func wrap(_ key: borrowing SecretBytes, context: [UInt8]) throws -> [UInt8] {
    try WrappedKey.seal(key, under: try self.key.read(), label: Self.label, context: context)
  }

  /// Decrypts a key with the one in the keyring.
  public func unwrap(_ wrapped: [UInt8], context: [UInt8]) throws -> SecretBytes {
    let wrappingKey = try key.read()
    let opened = try WrappedKey.open(
      wrapped, under: wrappingKey, label: Self.label, context: context)
    guard let opened else { throw KeyEncryptionProviderError.failed(code: EBADMSG) }
    return opened
  }
}
