import CSodium

extension MutableSpan<UInt8> {
  /// Copies all of `source` to the bytes from `offset` on; traps when it does not fit.
  mutating func write(_ source: Span<UInt8>, at offset: Int) {
    precondition(offset >= 0 && offset <= count && source.count <= count - offset)
    unsafe withUnsafeMutableBufferPointer { target in
      unsafe source.withUnsafeBufferPointer { source in
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        unsafe (to + offset).update(from: from, count: source.count)
      }
    }
  }

  /// Writes an integer, most significant byte first, from `offset` on; traps when it does not fit.
  @inline(__always)
  mutating func write<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value, at offset: Int) {
    precondition(offset >= 0 && MemoryLayout<Value>.size <= count - offset)
    unsafe withUnsafeMutableBufferPointer { target in
      guard let base = target.baseAddress else { return }
      unsafe UnsafeMutableRawPointer(base + offset).storeBytes(
        of: value.bigEndian, as: Value.self)
    }
  }

  /// Lends the bytes of `range` as a span of their own; traps when it reaches outside.
  mutating func withRegion<R: ~Copyable, E: Error>(
    _ range: Range<Int>, _ body: (inout MutableSpan<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    return try unsafe withUnsafeMutableBufferPointer { buffer throws(E) in
      let region = unsafe UnsafeMutableBufferPointer(rebasing: buffer[range])
      var span = unsafe region.mutableSpan
      return try body(&span)
    }
  }

  /// Moves `length` bytes that begin at `offset` to the place `target`; they may overlap.
  mutating func move(_ length: Int, from offset: Int, to target: Int) {
    precondition(offset >= 0 && target >= 0 && length >= 0)
    precondition(length <= count - offset && length <= count - target)
    unsafe withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      unsafe (base + target).update(from: base + offset, count: length)
    }
  }

  /// Lends a pointer that is never nil, as C functions ask even for no bytes at all.
  @inline(__always)
  @unsafe
  mutating func withMutablePointer<R: ~Copyable, E: Error>(
    _ body: (UnsafeMutablePointer<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try unsafe withUnsafeMutableBufferPointer { buffer throws(E) in
      if let base = buffer.baseAddress { return try unsafe body(base) }
      var nothing: UInt8 = 0
      return try unsafe withUnsafeMutablePointer(to: &nothing, body)
    }
  }

  /// Overwrites the bytes of `range` with zeros in a way the optimiser keeps.
  mutating func erase(_ range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    unsafe withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      unsafe sodium_memzero(base + range.lowerBound, range.count)
    }
  }
}

extension Span<UInt8> {
  /// Reads an integer, most significant byte first, from `offset` on; traps beyond the end.
  @inlinable @inline(__always)
  package func read<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type, at offset: Int
  ) -> Value {
    precondition(offset >= 0 && MemoryLayout<Value>.size <= count - offset)
    return unsafe withUnsafeBufferPointer { source in
      guard let base = source.baseAddress else { return 0 }
      return Value(
        bigEndian: unsafe UnsafeRawPointer(base + offset).loadUnaligned(as: Value.self))
    }
  }

  /// Whether both spans hold the same bytes, in time that depends only on their length.
  func isEqualInConstantTime(to other: Span<UInt8>) -> Bool {
    guard count == other.count else { return false }
    guard count > 0 else { return true }
    return unsafe withUnsafeBufferPointer { left in
      unsafe other.withUnsafeBufferPointer { right in
        unsafe sodium_memcmp(left.baseAddress, right.baseAddress, left.count) == 0
      }
    }
  }

  /// Lends a pointer that is never nil, as C functions ask even for no bytes at all.
  @inline(__always)
  @unsafe
  func withPointer<R: ~Copyable, E: Error>(
    _ body: (UnsafePointer<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try unsafe withUnsafeBufferPointer { buffer throws(E) in
      if let base = buffer.baseAddress { return try unsafe body(base) }
      let nothing: UInt8 = 0
      return try unsafe withUnsafePointer(to: nothing, body)
    }
  }

  /// Whether every byte is zero, in time that depends only on the length.
  var isZeroInConstantTime: Bool {
    unsafe withPointer { unsafe sodium_is_zero($0, count) == 1 }
  }

  /// A copy in ordinary memory: never for secrets.
  package var copied: [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
      unsafe withUnsafeBufferPointer { source in
        initialized = unsafe target.update(fromContentsOf: source)
      }
    }
  }
}

extension Array<UInt8> {
  /// Overwrites all bytes with zeros in a way the optimiser keeps.
  mutating func erase() {
    var bytes = mutableSpan
    bytes.erase(0..<bytes.count)
  }

  /// Appends a copy of `bytes`: never for secrets.
  package mutating func append(copying bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }
}

/// Lends `count` zeroed bytes of stack for a passing secret and zeroes them again afterwards.
///
/// Up to 1024 bytes lie on the stack; more would come from the heap and be zeroed as well.
@inline(__always)
func withSecretScratch<R: ~Copyable, E: Error>(
  count: Int, _ body: (inout MutableSpan<UInt8>) throws(E) -> R
) throws(E) -> R {
  try unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count) { buffer throws(E) in
    unsafe buffer.initialize(repeating: 0)
    defer {
      if let base = buffer.baseAddress { unsafe sodium_memzero(base, count) }
    }
    var span = unsafe buffer.mutableSpan
    return try body(&span)
  }
}
