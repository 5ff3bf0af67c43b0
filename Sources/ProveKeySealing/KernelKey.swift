import CLinux
import Glibc

/// One key in the kernel's keyring, by keyring and description.
struct KernelKey: Sendable {
  let description: String
  let keyring: LinuxKeyringProvider.Keyring

  // From linux/keyctl.h.
  private static let process: Int32 = -2
  private static let session: Int32 = -3
  private static let user: Int32 = -4

  // From keyctl_setperm(3): everything for whoever possesses the key and, but
  // for a session's, for the user. Without the user's part a process whose session is not linked to
  // the user's keyring, as under systemd, could not read what another one put there.
  private static let possessorAll: UInt32 = 0x3F00_0000
  private static let userAll: UInt32 = 0x003F_0000

  /// Puts bytes under the description, in the place of any that are there.
  func add(_ bytes: borrowing SecretBytes) throws(KeyEncryptionProviderError) {
    let ring = try ringNumber()
    let added = bytes.withBytes { bytes in
      unsafe bytes.withUnsafeBufferPointer { bytes in
        unsafe pk_keyring_add(description, bytes.baseAddress, bytes.count, ring)
      }
    }
    let number = try Self.checked(added)
    let permissions = Self.possessorAll | (keyring == .session ? 0 : Self.userAll)
    do throws(KeyEncryptionProviderError) {
      _ = try Self.checked(pk_keyring_set_permissions(number, permissions))
    } catch {
      _ = pk_keyring_unlink(number, ring)  // the refusal is what is to be told
      throw error
    }
  }

  /// The key's serial number; nothing when it is gone.
  func find() throws(KeyEncryptionProviderError) -> Int32? {
    do throws(KeyEncryptionProviderError) {
      return try Self.checked(unsafe pk_keyring_search(try ringNumber(), description))
    } catch .keyGone {
      return nil
    }
  }

  /// Copies the 32 bytes into guarded memory.
  func read() throws -> SecretBytes {
    guard let number = try find() else { throw KeyEncryptionProviderError.keyGone }
    var outcome: (result: Int, code: Int32) = (0, 0)
    let bytes = try SecretBytes(count: WrappedKey.keyCount) { span throws(SealingError) in
      outcome = unsafe span.withUnsafeMutableBufferPointer { bytes in
        let result = unsafe pk_keyring_read(number, bytes.baseAddress, bytes.count)
        return (result, errno)
      }
    }
    guard outcome.result >= 0 else { throw KeyEncryptionProviderError(errno: outcome.code) }
    // The kernel gives the whole length, however much room there was.
    guard outcome.result == WrappedKey.keyCount else {
      throw KeyEncryptionProviderError.failed(code: EMSGSIZE)
    }
    return bytes
  }

  /// Revokes the key and takes it out of the keyring; false when there is none.
  func remove() throws(KeyEncryptionProviderError) -> Bool {
    guard let number = try find() else { return false }
    _ = try Self.checked(pk_keyring_revoke(number))
    // Revoked, it is of no use to anybody; that it is listed until collected does no harm.
    _ = pk_keyring_unlink(number, try ringNumber())
    return true
  }

  /// The keyring as its user possesses it: only then is what was just put there its own to change.
  ///
  /// A session that was begun anew, as by systemd, is not linked to the user's keyring. This thread's
  /// process keyring is: threads that were there before it was made have others.
  private func ringNumber() throws(KeyEncryptionProviderError) -> Int32 {
    switch keyring {
    case .session: return Self.session
    case .user:
      _ = try Self.checked(pk_keyring_link(Self.user, Self.process))
      return Self.user
    case .persistent: return try Self.checked(pk_keyring_persistent(Self.process))
    }
  }

  private static func checked(_ result: Int) throws(KeyEncryptionProviderError) -> Int32 {
    guard result >= 0 else { throw KeyEncryptionProviderError(errno: errno) }
    return Int32(truncatingIfNeeded: result)
  }
}

extension KeyEncryptionProviderError {
  /// Says what the kernel's refusal means.
  fileprivate init(errno code: Int32) {
    switch code {
    case ENOKEY, EKEYEXPIRED, EKEYREVOKED: self = .keyGone
    case EACCES: self = .refused
    // What a kernel without keyring, and the filter around a container, answer.
    case ENOSYS, EPERM, EOPNOTSUPP: self = .unavailable
    default: self = .failed(code: code)
    }
  }
}
