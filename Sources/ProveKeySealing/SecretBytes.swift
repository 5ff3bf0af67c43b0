import CSodium
import Glibc

/// Bytes in guarded memory: locked, kept out of core dumps, read-only, zeroed when freed.
///
/// Memory comes from `sodium_malloc`: the bytes end exactly at a page that kills the process when
/// touched, a canary stands before them, and freeing checks it. The type cannot be copied, printed
/// or turned into an array. An allocation costs about 30 microseconds and at least one locked page
/// (4 KiB) of a limit that is often 8 MiB; so the small secrets that a store keeps for long, its data
/// keys and the signing keys in use, share pages, without a guard between one and the next.
///
/// Memory that the system does not lock is not used: the call throws
/// ``SealingError/lockedMemoryExhausted``, and nothing is kept that could be swapped out.
@safe
public struct SecretBytes: ~Copyable, @unchecked Sendable {  // never written after `init`
  private let base: UnsafeMutableRawPointer
  private let start: Int
  /// The place in a pool; nothing for memory of its own.
  private let slot: SecretSlot?
  /// How many bytes there are.
  public let count: Int

  /// The largest number of bytes that is given guarded memory: 17 MiB.
  public static let maximumCount = 17 << 20

  /// Makes `count` random bytes.
  ///
  /// - Throws: ``SealingError/lockedMemoryExhausted``, ``SealingError/tooLarge``.
  public static func random(count: Int) throws(SealingError) -> SecretBytes {
    try SecretBytes(count: count) { span throws(SealingError) in Entropy.system.fill(&span) }
  }

  /// Makes `count` zero bytes, lends them once to `body` for writing, then makes them read-only.
  ///
  /// - Throws: what `body` throws, ``SealingError/lockedMemoryExhausted``,
  ///   ``SealingError/tooLarge``.
  public init(
    count: Int, initializing body: (inout MutableSpan<UInt8>) throws(SealingError) -> Void
  ) throws(SealingError) {
    try self.init(capacity: count) { span throws(SealingError) in
      try body(&span)
      return count
    }
  }

  /// Copies bytes into guarded memory; zeroing the original is the caller's part.
  ///
  /// - Throws: ``SealingError/lockedMemoryExhausted``, ``SealingError/tooLarge``.
  public init(copying bytes: Span<UInt8>) throws(SealingError) {
    try self.init(count: bytes.count) { span throws(SealingError) in span.write(bytes, at: 0) }
  }

  /// Copies at most 64 bytes into pages that other secrets share: for those that are many or live long.
  ///
  /// - Throws: ``SealingError/lockedMemoryExhausted``, ``SealingError/tooLarge``.
  package static func pooled(copying bytes: Span<UInt8>) throws(SealingError) -> SecretBytes {
    try SecretBytes(pool: .shared, copying: bytes)
  }

  /// Copies bytes into a slot of a pool.
  init(pool: SecretPool, copying bytes: Span<UInt8>) throws(SealingError) {
    let slot = try pool.copy(bytes)
    unsafe base = slot.block.start(of: slot.index)
    start = 0
    count = bytes.count
    self.slot = slot
  }

  /// Makes guarded memory of `capacity` bytes of which `body` fills the *last* so many as it says.
  ///
  /// They stand last so that the guard page follows them at once, whatever their number.
  init(
    capacity: Int, _ body: (inout MutableSpan<UInt8>) throws(SealingError) -> Int
  ) throws(SealingError) {
    precondition(capacity >= 0, "a negative number of secret bytes")
    guard capacity <= Self.maximumCount else { throw .tooLarge }
    Sodium.prepare()
    guard let memory = unsafe sodium_malloc(capacity) else { throw .lockedMemoryExhausted }
    // `sodium_malloc` ignores a failure to lock; asking again for the same pages tells.
    guard unsafe capacity == 0 || mlock(memory, capacity) == 0 else {
      unsafe sodium_free(memory)
      throw .lockedMemoryExhausted
    }
    unsafe memset(memory, 0, capacity)
    let bytes = unsafe memory.bindMemory(to: UInt8.self, capacity: capacity)
    var span = unsafe UnsafeMutableBufferPointer(start: bytes, count: capacity).mutableSpan
    let filled: Int
    do throws(SealingError) {
      filled = try body(&span)
    } catch {
      unsafe sodium_free(memory)
      throw error
    }
    precondition(filled >= 0 && filled <= capacity)
    let status = unsafe sodium_mprotect_readonly(memory)
    precondition(status == 0, "guarded memory could not be made read-only")
    unsafe base = memory
    start = capacity - filled
    count = filled
    slot = nil
  }

  deinit {
    if let slot {
      slot.pool.free(slot.index, of: slot.block)
    } else {
      unsafe sodium_free(base)
    }
  }

  /// Lends the bytes for reading; a span cannot outlive the call.
  public borrowing func withBytes<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    let bytes = unsafe (base + start).assumingMemoryBound(to: UInt8.self)
    return try body(unsafe UnsafeBufferPointer(start: bytes, count: count).span)
  }

  /// Lends a copy in ordinary memory that is zeroed afterwards: for libraries that take nothing else.
  package borrowing func withErasedCopy<R>(_ body: ([UInt8]) throws -> R) rethrows -> R {
    var copy = withBytes { $0.copied }
    defer { copy.erase() }
    return try body(copy)
  }

  /// Whether both hold the same bytes, in time that depends only on their number.
  public borrowing func isEqual(to other: borrowing SecretBytes) -> Bool {
    withBytes { left in other.withBytes { right in left.isEqualInConstantTime(to: right) } }
  }
}
