import CProveKeyStore
import ProveKeySealing

extension UnlockMethod {
  /// What a caller's struct says; its secret is copied into guarded memory.
  init(_ pointer: UnsafePointer<pks_unlock>?) throws {
    let given = try unsafe argument(pointer)
    let method = try unsafe Self.method(given)
    guard let folder = try unsafe optionalText(given.entangled_folder) else {
      self = method
      return
    }
    self = method.entangledWith(folder: folder)
  }

  private static func method(_ given: pks_unlock) throws -> UnlockMethod {
    switch pks_method(unsafe given.method) {
    case PKS_METHOD_RAW_KEY:
      let secret = try unsafe secret(given)
      return .rawKey(try RawKey(unsafe secret.span))
    case PKS_METHOD_PASSPHRASE:
      let secret = try unsafe secret(given)
      guard unsafe isUTF8(secret) else { throw Refusal.notUTF8 }
      return .passphrase(try Passphrase(utf8: unsafe secret.span))
    case PKS_METHOD_KEY_FILE: return .keyFile(try unsafe text(given.path))
    case PKS_METHOD_PROVIDER: return .provider(unsafe try CallbackProvider(given.provider))
    case PKS_METHOD_KEYRING: return .provider(try unsafe LinuxKeyringProvider(given.keyring))
    case PKS_METHOD_PROGRAM: return .provider(try unsafe CommandKeyProvider(given.program))
    default: throw Refusal.badValue("method")
    }
  }

  private static func secret(_ given: pks_unlock) throws -> UnsafeBufferPointer<UInt8> {
    let base = unsafe given.secret?.assumingMemoryBound(to: UInt8.self)
    guard unsafe base != nil else { throw Refusal.nullPointer }
    return try unsafe buffer(base, count: given.secret_length, limit: Passphrase.maximumByteCount)
  }

  /// Looks at a secret in place: no `String` of it is made, which nothing would zero.
  private static func isUTF8(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    var decoder = UTF8()
    var iterator = unsafe bytes.makeIterator()
    while true {
      switch unsafe decoder.decode(&iterator) {
      case .scalarValue: continue
      case .emptyInput: return true
      case .error: return false
      }
    }
  }
}

/// A key store outside that answers through callbacks, on the caller's thread.
@safe
private final class CallbackProvider: KeyEncryptionProvider,
  @unchecked Sendable  // used on one thread only, during one call
{
  let name: String
  private let callbacks: pks_provider

  /// The most bytes that a wrapped key may have.
  private static let wrappedByteCount = 4_096
  private static let keyByteCount = 32

  init(_ pointer: UnsafePointer<pks_provider>?) throws {
    let callbacks = unsafe try argument(pointer)
    guard unsafe callbacks.wrap != nil, unsafe callbacks.unwrap != nil else {
      throw Refusal.nullPointer
    }
    name = try unsafe text(callbacks.name)
    unsafe self.callbacks = unsafe callbacks
  }

  func wrap(_ key: borrowing SecretBytes, context: [UInt8]) throws -> [UInt8] {
    var wrapped = [UInt8](repeating: 0, count: Self.wrappedByteCount)
    var count = wrapped.count
    let answer = key.withBytes { key in
      unsafe key.withUnsafeBufferPointer { key in
        unsafe context.withUnsafeBufferPointer { context in
          unsafe wrapped.withUnsafeMutableBufferPointer { wrapped in
            unsafe callbacks.wrap(
              callbacks.context, key.baseAddress, key.count, context.baseAddress, context.count,
              wrapped.baseAddress, &count)
          }
        }
      }
    }
    try Self.check(answer)
    guard (1...Self.wrappedByteCount).contains(count) else {
      throw KeyEncryptionProviderError.failed(code: answer)
    }
    return Array(wrapped[..<count])
  }

  func unwrap(_ wrapped: [UInt8], context: [UInt8]) throws -> SecretBytes {
    var answer = Int32(bitPattern: PKS_PROVIDER_ERROR.rawValue)
    let key = try SecretBytes(count: Self.keyByteCount) { key throws(SealingError) in
      answer = unsafe key.withUnsafeMutableBufferPointer { key in
        unsafe wrapped.withUnsafeBufferPointer { wrapped in
          unsafe context.withUnsafeBufferPointer { context in
            unsafe callbacks.unwrap(
              callbacks.context, wrapped.baseAddress, wrapped.count, context.baseAddress,
              context.count, key.baseAddress, key.count)
          }
        }
      }
    }
    try Self.check(answer)
    return key
  }

  private static func check(_ answer: Int32) throws {
    switch pks_provider_answer(UInt32(bitPattern: answer)) {
    case PKS_PROVIDER_OK: return
    case PKS_PROVIDER_KEY_GONE: throw KeyEncryptionProviderError.keyGone
    case PKS_PROVIDER_CANCELLED: throw KeyEncryptionProviderError.refused
    case PKS_PROVIDER_UNREACHABLE: throw KeyEncryptionProviderError.unavailable
    default: throw KeyEncryptionProviderError.failed(code: answer)
    }
  }
}
