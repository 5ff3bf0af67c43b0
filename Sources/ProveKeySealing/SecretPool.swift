import CSodium
import Glibc
import ProveKeyPlatform

/// Guarded pages that many small secrets share.
///
/// A secret of its own takes a locked page and three more of address space; of a limit of 8 MiB 2,000
/// secrets would be all. Here a page holds 63 (of 4 KiB; 255 of 16 KiB). What is kept:
/// - M1. A block is one `sodium_malloc`: locked, left out of core dumps, between guard pages. One
///   that cannot be locked is not used.
/// - M2. A block is read-only except while one of its slots is written or zeroed, under the lock.
/// - M3. A slot is zeroed when it is given back, and before it is lent for the first time.
/// - M4. A block without secrets is given back to the system, which zeroes it as well.
///
/// What is lost against memory of its own is the guard page right behind each secret: a read beyond
/// one finds its neighbour. Spans do not read beyond.
final class SecretPool: Sendable {
  /// The most bytes that a slot holds: an Ed25519 signing key.
  static let slotByteCount = 64
  /// The pool that the process's long-lived secrets are in.
  static let shared = SecretPool()

  /// The blocks that have a free slot.
  ///
  /// Full ones are held by their slots alone.
  private let open = Locked<[SecretBlock]>([])

  /// Copies a secret into a slot.
  ///
  /// - Throws: ``SealingError/lockedMemoryExhausted``, ``SealingError/tooLarge``.
  func copy(_ secret: Span<UInt8>) throws(SealingError) -> SecretSlot {
    guard secret.count <= Self.slotByteCount else { throw .tooLarge }
    return try open.withLock { open throws(SealingError) in
      if open.isEmpty { open.append(try SecretBlock()) }
      let block = open[open.count - 1]
      let index = block.take(secret)
      if block.isFull { open.removeLast() }
      return SecretSlot(pool: self, block: block, index: index)
    }
  }

  /// Takes a slot back.
  func free(_ index: Int, of block: SecretBlock) {
    open.withLock { open in
      let wasFull = block.isFull
      block.giveBack(index)
      if wasFull { open.append(block) }
      if block.isEmpty { open.removeAll { $0 === block } }
    }
  }

  /// How many blocks there are that have a free slot.
  var openBlockCount: Int { open.withLock { $0.count } }
}

/// One secret's place in a pool; given back with its owner.
struct SecretSlot: Sendable {
  let pool: SecretPool
  let block: SecretBlock
  let index: Int
}

/// One guarded block of slots; changed under its pool's lock only.
@safe
final class SecretBlock: @unchecked Sendable {  // its pool's lock guards it
  private let base: UnsafeMutableRawPointer
  private let slotCount: Int
  private var freeSlots: [Int]

  var isFull: Bool { freeSlots.isEmpty }
  var isEmpty: Bool { freeSlots.count == slotCount }

  init() throws(SealingError) {
    Sodium.prepare()
    // `sodium_malloc` puts 16 bytes of its own in front: together they are one page.
    let page = max(sysconf(Int32(_SC_PAGESIZE)), 4096)
    slotCount = (page - 16) / SecretPool.slotByteCount
    let byteCount = slotCount * SecretPool.slotByteCount
    guard let memory = unsafe sodium_malloc(byteCount) else { throw .lockedMemoryExhausted }
    // `sodium_malloc` ignores a failure to lock; asking again for the same pages tells (M1).
    guard unsafe mlock(memory, byteCount) == 0 else {
      unsafe sodium_free(memory)
      throw .lockedMemoryExhausted
    }
    unsafe memset(memory, 0, byteCount)
    unsafe base = memory
    freeSlots = Array((0..<slotCount).reversed())
    protect()
  }

  deinit {
    unsafe sodium_free(base)
  }

  /// Writes a secret into a free slot; there must be one.
  func take(_ secret: Span<UInt8>) -> Int {
    let index = freeSlots.removeLast()
    guard secret.count > 0 else { return index }
    unprotect()
    unsafe secret.withUnsafeBufferPointer { secret in
      guard let source = secret.baseAddress else { return }
      unsafe memcpy(start(of: index), source, secret.count)
    }
    protect()
    return index
  }

  /// Zeroes a slot and counts it as free.
  func giveBack(_ index: Int) {
    unprotect()
    unsafe sodium_memzero(start(of: index), SecretPool.slotByteCount)
    protect()
    freeSlots.append(index)
  }

  /// Where a slot begins.
  @unsafe
  func start(of index: Int) -> UnsafeMutableRawPointer {
    unsafe base + index * SecretPool.slotByteCount
  }

  private func protect() {
    let status = unsafe sodium_mprotect_readonly(base)
    precondition(status == 0, "guarded memory could not be made read-only")
  }

  private func unprotect() {
    let status = unsafe sodium_mprotect_readwrite(base)
    precondition(status == 0, "guarded memory could not be made writable")
  }
}
