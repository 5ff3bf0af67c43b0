public import CProveKeyStore
import ProveKeySealing

/// Makes a key file.
@c @implementation
public func pks_key_file_create(
  _ path: UnsafePointer<CChar>!, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let path = try unsafe text(path)
    do throws(SealingError) { try KeyFile.create(at: path) } catch .keyFile(.alreadyExists) {
      throw Refusal.file(PKS_ALREADY_EXISTS, "something stands at the path already")
    }
  }
}

/// Puts a key into the kernel's keyring.
@c @implementation
public func pks_keyring_create(
  _ keyring: UnsafePointer<pks_keyring>!, _ key: UnsafeRawPointer!, _ key_length: Int,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe LinuxKeyringProvider(keyring)
    let bytes = unsafe key?.assumingMemoryBound(to: UInt8.self)
    let given = try unsafe buffer(bytes, count: key_length, limit: RawKey.byteCount)
    try place.create(key: unsafe key == nil ? nil : RawKey(unsafe given.span))
  }
}

/// Revokes a key of the kernel's keyring.
@c @implementation
public func pks_keyring_remove(
  _ keyring: UnsafePointer<pks_keyring>!, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    guard try unsafe LinuxKeyringProvider(keyring).remove() else { throw Refusal.notFound }
  }
}
