import CProveKeyStore
import Glibc
import ProveKeyModel

// What callers hand in, read once and checked; each limit stands here.

enum CallLimits {
  /// Bytes of a text that ends with a NUL: what Linux allows of a path.
  static let textByteCount = 4_096
  /// Bytes of a challenge, assertion or public key that are looked at: each is far shorter.
  static let bytesByteCount = 4_096
  /// Code units, or bytes, of a key or value of localStorage: the largest quota there is.
  static let storageCount = 67_108_864
  /// Bytes of a request in JSON, as the shell has them of a line.
  static let requestByteCount = 33_554_432
  /// Handles that are open at once.
  static let handleCount = 65_536
  /// Registrations or events that one call gives.
  static let pageLimit = 1_000
  /// Arguments, or variables of the environment, that a key program may have.
  static let programTextCount = 256
  /// The longest struct that a later header may have.
  static let structByteCount = 1 << 16
}

/// A text that may not be NULL.
func text(_ pointer: UnsafePointer<CChar>?) throws(Refusal) -> String {
  guard let pointer = unsafe pointer else { throw .nullPointer }
  let count = unsafe strnlen(pointer, CallLimits.textByteCount + 1)
  return try unsafe text(pointer, count: count, limit: CallLimits.textByteCount)
}

/// A text that may be NULL.
func optionalText(_ pointer: UnsafePointer<CChar>?) throws(Refusal) -> String? {
  guard let pointer = unsafe pointer else { return nil }
  return try unsafe text(pointer)
}

/// A text with its length, which may hold NULs.
func text(
  _ pointer: UnsafePointer<CChar>?, count: Int, limit: Int
) throws(Refusal) -> String {
  let bytes = try unsafe buffer(pointer, count: count, limit: limit)
  return try unsafe bytes.withMemoryRebound(to: UInt8.self) { bytes throws(Refusal) in
    do throws(UTF8.ValidationError) {
      return String(copying: try UTF8Span(validating: unsafe bytes.span))
    } catch { throw Refusal.notUTF8 }
  }
}

/// Texts that each end with a NUL; there may be none.
func texts(
  _ pointer: UnsafePointer<UnsafePointer<CChar>?>?, count: Int
) throws(Refusal) -> [String] {
  let given = try unsafe buffer(pointer, count: count, limit: CallLimits.pageLimit)
  return try unsafe given.map { one throws(Refusal) in try unsafe text(one) }
}

/// Bytes with their length, copied.
func bytes(
  _ pointer: UnsafePointer<UInt8>?, count: Int, limit: Int = CallLimits.bytesByteCount
) throws(Refusal) -> [UInt8] {
  unsafe Array(try buffer(pointer, count: count, limit: limit))
}

/// Memory that a caller handed in; nothing of it was looked at.
func buffer<Element>(
  _ pointer: UnsafePointer<Element>?, count: Int, limit: Int
) throws(Refusal) -> UnsafeBufferPointer<Element> {
  // A `size_t` beyond what Swift counts is negative here.
  guard (0...limit).contains(count) else { throw .badLength }
  guard let pointer = unsafe pointer else {
    guard count == 0 else { throw .nullPointer }
    return unsafe UnsafeBufferPointer(start: nil, count: 0)
  }
  return unsafe UnsafeBufferPointer(start: pointer, count: count)
}

/// An identifier that may not be NULL.
func identifier<ID: Identifier>(
  _ pointer: UnsafePointer<CChar>?, as: ID.Type = ID.self
) throws -> ID {
  // Not `init(validating:)`, which is generic in another module and costs more than the check.
  guard let id = ID(try unsafe text(pointer)) else {
    throw ModelError.malformed(field: ID.fieldName)
  }
  return id
}

/// An identifier that may be NULL.
func optionalIdentifier<ID: Identifier>(
  _ pointer: UnsafePointer<CChar>?, as: ID.Type = ID.self
) throws -> ID? {
  guard unsafe pointer != nil else { return nil }
  return try unsafe identifier(pointer)
}

/// A phone number that may be NULL.
func optionalPhoneNumber(_ pointer: UnsafePointer<CChar>?) throws -> PhoneNumber? {
  try unsafe optionalText(pointer).map { try PhoneNumber($0) }
}

/// A struct that a caller filled in.
func argument<Struct>(_ pointer: UnsafePointer<Struct>?) throws(Refusal) -> Struct {
  guard let pointer = unsafe pointer else { throw .nullPointer }
  let size = unsafe structSize(pointer)
  // Fields of a later header would be passed over in silence.
  guard size == MemoryLayout<Struct>.size else { throw .badStruct }
  return unsafe UnsafeRawPointer(pointer).loadUnaligned(as: Struct.self)
}

/// What a struct says of its own size.
func structSize(_ pointer: UnsafeRawPointer) -> Int {
  Int(unsafe pointer.loadUnaligned(as: UInt32.self))
}

/// The scope of a key.
func scope(_ buildConfig: UInt32, _ origin: UnsafePointer<CChar>?) throws -> KeyScope {
  try KeyScope(buildConfig: BuildConfig(number: buildConfig), origin: unsafe text(origin))
}

extension BuildConfig {
  init(number: UInt32) throws(Refusal) {
    switch pks_build_config(number) {
    case PKS_US_UAT: self = .usUAT
    case PKS_US_PROD: self = .usProd
    case PKS_EU_UAT: self = .euUAT
    case PKS_EU_PROD: self = .euProd
    default: throw .badValue("build_config")
    }
  }

  var number: UInt32 {
    let config =
      switch self {
      case .usUAT: PKS_US_UAT
      case .usProd: PKS_US_PROD
      case .euUAT: PKS_EU_UAT
      case .euProd: PKS_EU_PROD
      }
    return config.rawValue
  }
}
