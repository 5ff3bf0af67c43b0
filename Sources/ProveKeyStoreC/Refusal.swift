public import CProveKeyStore

/// Why a call does not do what it was asked: code, domain and a line for people.
///
/// The message names codes, fields and counts only: it may end in anybody's log.
struct Refusal: Error {
  let code: pks_code
  let domain: pks_domain
  let detail: Int64
  let message: String

  init(_ code: pks_code, _ domain: pks_domain, _ message: String, detail: Int64 = 0) {
    self.code = code
    self.domain = domain
    self.detail = detail
    self.message = message
  }

  /// A refusal of the call itself.
  static func call(_ code: pks_code, _ message: String) -> Refusal {
    Refusal(code, PKS_DOMAIN_CALL, message)
  }

  static let nullPointer = call(PKS_NULL_POINTER, "a pointer that must not be NULL is NULL")
  static let badLength = call(PKS_BAD_LENGTH, "a length or text is longer than the call allows")
  static let notUTF8 = call(PKS_NOT_UTF8, "a text is not UTF-8")
  static let badStruct = call(PKS_BAD_STRUCT, "a struct's size is not one this library knows")
  static let bufferTooSmall = call(PKS_BUFFER_TOO_SMALL, "the buffer is too small")
  static let notFound = call(PKS_NOT_FOUND, "there is no such thing")
  static let badHandle = call(PKS_BAD_HANDLE, "this is no handle of the kind that the call is for")
  static let closed = call(PKS_CLOSED, "the handle was closed")
  static let forked = call(PKS_FORKED, "the process was forked after something was opened")

  /// A number is none of its enumeration, or out of its bounds.
  static func badValue(_ field: String) -> Refusal {
    call(PKS_BAD_VALUE, "'\(field)' is out of its bounds")
  }
}

/// Runs a call's body, and turns what it throws into a code and the caller's error struct.
func answering(
  _ error: UnsafeMutablePointer<pks_error>?, _ body: () throws -> Void
) -> pks_status {
  if let error = unsafe error {
    guard unsafe structSize(error) >= MemoryLayout<pks_error>.size else {
      return pks_status(PKS_BAD_STRUCT.rawValue)
    }
  }
  do {
    try body()
    return pks_status(PKS_OK.rawValue)
  } catch let thrown {
    let refusal = Refusal(thrown)
    if let error = unsafe error { unsafe refusal.fill(error) }
    return pks_status(refusal.code.rawValue)
  }
}

extension Refusal {
  fileprivate func fill(_ error: UnsafeMutablePointer<pks_error>) {
    var filled = pks_error()
    filled.code = pks_status(code.rawValue)
    filled.domain = domain.rawValue
    filled.detail = detail
    write(message, to: &filled.message)
    unsafe write(filled, to: error)
  }
}

/// The version of the library.
@c @implementation
public func pks_version() -> UnsafePointer<CChar>! {
  unsafe lasting("0.1.0")
}

/// The ABI of the library.
@c @implementation
public func pks_abi() -> UInt32 { UInt32(PKS_ABI) }

/// The name of a code.
@c @implementation
public func pks_status_name(_ code: pks_status) -> UnsafePointer<CChar>! {
  let name = UInt32(exactly: code).flatMap { statusNames[$0] }
  return unsafe lasting(name ?? "UNKNOWN")
}

/// The bytes of a literal, which last as long as the process and end with a NUL.
private func lasting(_ text: StaticString) -> UnsafePointer<CChar> {
  unsafe UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}
