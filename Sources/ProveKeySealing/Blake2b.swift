import CSodium

/// BLAKE2b, keyed or not, over stack memory that is zeroed afterwards.
///
/// What is fed is gathered first: up to 256 bytes are hashed by one call of libsodium, which costs
/// half of what many small ones do; more is streamed. Parts of variable length are led by their
/// length as four bytes, so that no two different lists of parts hash alike.
@safe
struct Blake2b: ~Copyable {
  /// The C type is aligned to 64 bytes, which Swift does not import: it stays opaque.
  private let state: OpaquePointer
  private let gathered: UnsafeMutablePointer<UInt8>
  private let key: UnsafeBufferPointer<UInt8>
  private let outputCount: Int
  private var gatheredCount = 0
  private var isStreaming = false

  /// Bytes of the C type, as `crypto_generichash_blake2b_statebytes()` reports them.
  static let stateCount = 384
  private static let alignment = 64
  private static let gatheredLimit = 256

  @inline(__always)
  private init(
    _ memory: UnsafeMutableRawPointer, key: UnsafeBufferPointer<UInt8>, outputCount: Int
  ) {
    unsafe state = OpaquePointer(memory)
    unsafe gathered = (memory + Self.stateCount).assumingMemoryBound(to: UInt8.self)
    unsafe self.key = unsafe key
    self.outputCount = outputCount
  }

  /// Writes the hash of what `absorb` feeds into all of `output` (16 to 64 bytes).
  ///
  /// - Parameter key: 16 to 64 bytes, or none for an unkeyed hash.
  @inline(__always)
  static func hash(
    key: Span<UInt8>, into output: inout MutableSpan<UInt8>, _ absorb: (inout Blake2b) -> Void
  ) {
    Sodium.prepare()
    let outputCount = output.count
    unsafe key.withUnsafeBufferPointer { key in
      // Asked for 64-byte alignment, Swift would turn from the stack to the heap.
      unsafe withUnsafeTemporaryAllocation(
        byteCount: stateCount + gatheredLimit + alignment, alignment: 16
      ) { memory in
        guard let base = unsafe memory.baseAddress?.alignedUp(toMultipleOf: alignment) else {
          return
        }
        var hasher = unsafe Blake2b(base, key: key, outputCount: outputCount)
        absorb(&hasher)
        let isDone = unsafe output.withMutablePointer { unsafe hasher.finish($0) }
        precondition(isDone, "a BLAKE2b key or output of a length that there is not")
      }
    }
  }

  /// Feeds bytes as they are: for parts whose length the layout fixes.
  @inline(__always)
  mutating func feed(_ bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return }
      unsafe feed(UnsafeRawPointer(base), bytes.count)
    }
  }

  /// Feeds an integer, most significant byte first.
  @inline(__always)
  mutating func feed<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) {
    let width = MemoryLayout<Value>.size
    makeRoom(for: width)
    unsafe UnsafeMutableRawPointer(gathered + gatheredCount).storeBytes(
      of: value.bigEndian, as: Value.self)
    gatheredCount += width
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

  /// Feeds the UTF-8 of a literal led by its length.
  @inline(__always)
  mutating func feedPart(_ text: StaticString) {
    feed(UInt32(text.utf8CodeUnitCount))
    unsafe feed(UnsafeRawPointer(text.utf8Start), text.utf8CodeUnitCount)
  }

  @inline(__always)
  private mutating func feed(_ bytes: UnsafeRawPointer, _ count: Int) {
    guard count <= Self.gatheredLimit else {
      unsafe feedMany(bytes, count)
      return
    }
    makeRoom(for: count)
    unsafe UnsafeMutableRawPointer(gathered + gatheredCount).copyMemory(
      from: bytes, byteCount: count)
    gatheredCount += count
  }

  @inline(__always)
  private mutating func makeRoom(for count: Int) {
    if count > Self.gatheredLimit - gatheredCount { flush() }
  }

  /// Hashes what was gathered, which begins streaming.
  @inline(never)
  private mutating func flush() {
    if !isStreaming {
      isStreaming = true
      let status = unsafe crypto_generichash_blake2b_init(
        state, key.baseAddress, key.count, outputCount)
      precondition(status == 0, "a BLAKE2b key or output of a length that there is not")
    }
    // Fails only after 2^128 bytes.
    _ = unsafe crypto_generichash_blake2b_update(state, gathered, UInt64(gatheredCount))
    gatheredCount = 0
  }

  @inline(never)
  private mutating func feedMany(_ bytes: UnsafeRawPointer, _ count: Int) {
    flush()
    _ = unsafe crypto_generichash_blake2b_update(
      state, bytes.assumingMemoryBound(to: UInt8.self), UInt64(count))
  }

  /// Writes the hash, zeroes the memory, and says whether there is such a key and such an output.
  @inline(__always)
  private mutating func finish(_ output: UnsafeMutablePointer<UInt8>) -> Bool {
    guard isStreaming else {
      // It zeroes its own memory.
      let status = unsafe crypto_generichash_blake2b(
        output, outputCount, gathered, UInt64(gatheredCount), key.baseAddress, key.count)
      unsafe sodium_memzero(gathered, gatheredCount)
      return status == 0
    }
    flush()
    let status = unsafe crypto_generichash_blake2b_final(state, output, outputCount)
    unsafe sodium_memzero(UnsafeMutableRawPointer(state), Self.stateCount + Self.gatheredLimit)
    return status == 0
  }
}
