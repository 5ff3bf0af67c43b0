import CProveKeyStore
import ProveKeyModel

// What goes out into the caller's memory, checked before anything is done.

/// A struct for a result, checked before the work is begun.
@safe
struct ResultPlace<Struct> {
  private let pointer: UnsafeMutablePointer<Struct>

  /// - Throws: ``Refusal`` when there is no struct, or it is of no known size.
  init(_ pointer: UnsafeMutablePointer<Struct>?) throws(Refusal) {
    guard let pointer = unsafe pointer else { throw .nullPointer }
    guard
      (MemoryLayout<Struct>.size...CallLimits.structByteCount).contains(
        unsafe structSize(pointer))
    else { throw .badStruct }
    unsafe self.pointer = unsafe pointer
  }

  /// A struct that the caller may leave out.
  static func optional(
    _ pointer: UnsafeMutablePointer<Struct>?
  ) throws(Refusal) -> ResultPlace? {
    guard let pointer = unsafe pointer else { return nil }
    return unsafe try ResultPlace(pointer)
  }

  /// Fills the struct in.
  func put(_ value: Struct) { unsafe write(value, to: pointer) }
}

extension ResultPlace where Struct: ZeroedStruct {
  /// Zeroes the caller's struct but for its size, and fills it in where it lies.
  ///
  /// A struct of half a kilobyte is otherwise copied three times on its way. `body` cannot fail.
  func fill(_ body: (inout Struct) -> Void) {
    unsafe fillInPlace(pointer, size: structSize(pointer), body)
  }
}

/// Zeroes a struct of the caller's, tells it its size, and fills it in where it lies.
private func fillInPlace<Struct: ZeroedStruct>(
  _ pointer: UnsafeMutablePointer<Struct>, size: Int, _ body: (inout Struct) -> Void
) {
  let raw = UnsafeMutableRawPointer(pointer)
  let isAligned = UInt(bitPattern: raw) % UInt(MemoryLayout<Struct>.alignment) == 0
  if isAligned {
    unsafe raw.initializeMemory(as: UInt8.self, repeating: 0, count: MemoryLayout<Struct>.size)
    unsafe body(&pointer.pointee)
  } else {
    var value = Struct()
    body(&value)
    unsafe write(value, to: pointer)
  }
  unsafe raw.storeBytes(of: UInt32(size), as: UInt32.self)
}

/// A struct of the header, which its initialiser without arguments zeroes.
protocol ZeroedStruct {
  init()
}

extension pks_key: ZeroedStruct {}
extension pks_registration: ZeroedStruct {}
extension pks_event: ZeroedStruct {}

/// Writes a struct into the caller's, which keeps its size.
func write<Struct>(_ value: Struct, to pointer: UnsafeMutablePointer<Struct>) {
  let target = UnsafeMutableRawPointer(pointer)
  let header = MemoryLayout<UInt32>.size
  unsafe withUnsafeBytes(of: value) { bytes in
    let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[header...])
    guard let base = rest.baseAddress else { return }
    unsafe (target + header).copyMemory(from: base, byteCount: rest.count)
  }
}

/// An array of structs for results; the size of the first counts for all.
@safe
struct ResultArray<Struct: ZeroedStruct> {
  private let base: UnsafeMutablePointer<Struct>?
  private let stride: Int
  /// How many fit; a capacity beyond the limit is the limit.
  let capacity: Int

  init(
    _ base: UnsafeMutablePointer<Struct>?, capacity: Int, limit: Int = CallLimits.pageLimit
  ) throws(Refusal) {
    self.capacity = Int(min(UInt(bitPattern: capacity), UInt(limit)))
    guard self.capacity > 0 else {
      unsafe self.base = nil
      stride = 0
      return
    }
    guard let base = unsafe base else { throw .nullPointer }
    stride = unsafe structSize(base)
    guard (MemoryLayout<Struct>.size...CallLimits.structByteCount).contains(stride),
      stride % MemoryLayout<Struct>.alignment == 0
    else { throw .badStruct }
    unsafe self.base = unsafe base
  }

  /// Fills as many structs as there are values, where they lie; there are no more than fit.
  func fill<Value>(with values: [Value], _ body: (inout Struct, Value) -> Void) {
    precondition(values.count <= capacity)
    guard let base = unsafe base else { return }
    for (index, value) in values.enumerated() {
      let raw = unsafe UnsafeMutableRawPointer(base) + index * stride
      unsafe fillInPlace(raw.assumingMemoryBound(to: Struct.self), size: stride) {
        body(&$0, value)
      }
    }
  }
}

/// A place for a number or handle.
@safe
struct ValuePlace<Value: BitwiseCopyable> {
  private let pointer: UnsafeMutablePointer<Value>

  init(_ pointer: UnsafeMutablePointer<Value>?) throws(Refusal) {
    guard let pointer = unsafe pointer else { throw .nullPointer }
    unsafe self.pointer = unsafe pointer
  }

  func put(_ value: Value) { unsafe pointer.pointee = value }
}

/// A buffer of the caller's with the place where its length is told.
@safe
struct ResultBuffer<Element: BitwiseCopyable> {
  private let base: UnsafeMutablePointer<Element>?
  private let capacity: UInt
  private let length: UnsafeMutablePointer<Int>

  init(
    _ base: UnsafeMutablePointer<Element>?, capacity: Int, length: UnsafeMutablePointer<Int>?
  ) throws(Refusal) {
    guard let length = unsafe length else { throw .nullPointer }
    guard unsafe base != nil || capacity == 0 else { throw .nullPointer }
    unsafe self.base = unsafe base
    self.capacity = UInt(bitPattern: capacity)
    unsafe self.length = unsafe length
  }

  /// Tells the length needed, and throws unless so much fits.
  func require(_ count: Int) throws(Refusal) {
    guard UInt(count) <= capacity else {
      unsafe length.pointee = count
      throw .bufferTooSmall
    }
  }

  /// Copies all of it, or throws and tells the length.
  /// - Parameter terminator: written behind the elements and not counted among them.
  func put(_ elements: [Element], terminator: Element? = nil) throws(Refusal) {
    let needed = elements.count + (terminator == nil ? 0 : 1)
    guard UInt(needed) <= capacity else {
      unsafe length.pointee = elements.count
      throw .bufferTooSmall
    }
    if let base = unsafe base {
      let target = unsafe UnsafeMutableBufferPointer(start: base, count: needed)
      _ = unsafe target.update(fromContentsOf: elements)
      if let terminator { unsafe target[elements.count] = terminator }
    }
    unsafe length.pointee = elements.count
  }
}

/// Writes a text and a NUL into a field of a zeroed struct; what does not fit is cut off at a
/// character's boundary.
func write<Field>(_ text: String, to field: inout Field) {
  unsafe withUnsafeMutableBytes(of: &field) { bytes in
    if text.utf8.count < bytes.count {
      unsafe bytes.copyBytes(from: text.utf8)
      return
    }
    var text = Substring(text)
    while text.utf8.count >= bytes.count { text.removeLast() }
    unsafe bytes.copyBytes(from: text.utf8)
  }
}

/// Writes bytes into a field of a zeroed struct; they fit.
/// - Returns: how many.
func write<Field>(bytes source: [UInt8], to field: inout Field) -> UInt32 {
  write(bytes: source.span, to: &field)
}

/// Writes a key's bytes into a field of a zeroed struct; they fit.
/// - Returns: how many.
func write<Field>(bytes key: PublicKey, to field: inout Field) -> UInt32 {
  key.withBytes { write(bytes: $0, to: &field) }
}

private func write<Field>(bytes source: Span<UInt8>, to field: inout Field) -> UInt32 {
  unsafe source.withUnsafeBytes { source in
    unsafe withUnsafeMutableBytes(of: &field) { bytes in
      precondition(source.count <= bytes.count)
      unsafe bytes.copyMemory(from: source)
    }
  }
  return UInt32(source.count)
}
