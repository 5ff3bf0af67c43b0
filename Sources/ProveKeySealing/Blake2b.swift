import CSodium

/// BLAKE2b, keyed or not, streamed over stack memory that is zeroed afterwards.
///
/// Parts of variable length are led by their length as four bytes, so that no two different lists
/// of parts hash alike.
@safe
struct Blake2b: ~Copyable {
  /// The C type is aligned to 64 bytes, which Swift does not import: it stays opaque.
  private let state: OpaquePointer
  /// Bytes of the C type, as `crypto_generichash_blake2b_statebytes()` reports them.
  static let stateCount = 384
  private static let alignment = 64

  private init(_ state: OpaquePointer) {
    unsafe self.state = state
  }

  /// Writes the hash of what `absorb` feeds into all of `output` (16 to 64 bytes).
  ///
  /// - Parameter key: 16 to 64 bytes, or none for an unkeyed hash.
  @inline(__always)
  static func hash(
    key: Span<UInt8>, into output: inout MutableSpan<UInt8>, _ absorb: (inout Blake2b) -> Void
  ) {
    Sodium.prepare()
    // Asked for 64-byte alignment, Swift would turn from the stack to the heap.
    unsafe withUnsafeTemporaryAllocation(
      byteCount: stateCount + alignment, alignment: 16
    ) { memory in
      guard let base = unsafe memory.baseAddress?.alignedUp(toMultipleOf: alignment) else {
        return
      }
      defer { unsafe sodium_memzero(base, stateCount) }
      let state = OpaquePointer(base)
      let outputCount = output.count
      let begun = unsafe key.withUnsafeBufferPointer { key in
        unsafe crypto_generichash_blake2b_init(state, key.baseAddress, key.count, outputCount)
      }
      precondition(begun == 0, "a BLAKE2b key or output of a length that there is not")
      var hasher = unsafe Blake2b(state)
      absorb(&hasher)
      let ended = unsafe output.withMutablePointer { output in
        unsafe crypto_generichash_blake2b_final(state, output, outputCount)
      }
      precondition(ended == 0, "BLAKE2b could not be finished")
    }
  }

  /// Feeds bytes as they are: for parts whose length the layout fixes.
  @inline(__always)
  mutating func feed(_ bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBufferPointer { bytes in
      // Fails only after 2^128 bytes.
      _ = unsafe crypto_generichash_blake2b_update(state, bytes.baseAddress, UInt64(bytes.count))
    }
  }

  /// Feeds an integer, most significant byte first.
  @inline(__always)
  mutating func feed<Value: FixedWidthInteger>(_ value: Value) {
    var ordered = value.bigEndian
    unsafe withUnsafeBytes(of: &ordered) { bytes in
      feed(unsafe bytes.assumingMemoryBound(to: UInt8.self).span)
    }
  }

  /// Feeds a part led by its length.
  @inline(__always)
  mutating func feedPart(_ bytes: Span<UInt8>) {
    feed(UInt32(bytes.count))
    feed(bytes)
  }

  /// Feeds the UTF-8 of a text led by its length.
  @inline(__always)
  mutating func feedPart(_ text: String) {
    feedPart(text.utf8Span.span)
  }
}
