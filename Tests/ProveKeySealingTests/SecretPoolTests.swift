import Glibc
import ProveKeyPlatform
import Testing

@testable import ProveKeySealing

@Suite("Secrets that share guarded pages")
struct SecretPoolTests {
  @Test("secrets of every length up to a slot come back, and a longer one is refused")
  func roundTrip() throws {
    let pool = SecretPool()
    for count in [0, 1, 32, 64] {
      let content = SecureRandom.bytes(count)
      let secret = try SecretBytes(pool: pool, copying: content.span)
      let (read, readCount) = (secret.withBytes { $0.copied }, secret.count)
      #expect(read == content && readCount == count)
    }
    let long = SecureRandom.bytes(65)
    #expect(throws: SealingError.tooLarge) {
      _ = try SecretBytes(pool: pool, copying: long.span)
    }
  }

  @Test(
    "many secrets keep apart, freed slots are used again, and an empty block is given back (M4)")
  func reuse() throws {
    let pool = SecretPool()
    var kept: [(SecretBox, [UInt8])] = []
    for round in 0..<5 {
      for _ in 0..<200 {
        let content = SecureRandom.bytes(32)
        kept.append((SecretBox(try SecretBytes(pool: pool, copying: content.span)), content))
      }
      // Every second one of all that there are.
      kept = kept.enumerated().filter { $0.offset % 2 == round % 2 }.map(\.element)
      for (box, content) in kept { #expect(box.bytes.withBytes { $0.copied } == content) }
    }
    #expect(pool.openBlockCount > 0)
    kept = []
    #expect(pool.openBlockCount == 0)
  }

  @Test("a slot is zeroed when it is given back (M3)")
  func zeroed() throws {
    let pool = SecretPool()
    let neighbour = try SecretBytes(pool: pool, copying: SecureRandom.bytes(64).span)
    let content = [UInt8](repeating: 0xA5, count: 64)
    let address = try address(of: pool, content)
    // The page is there still, since a neighbour is.
    let left = unsafe UnsafeBufferPointer(
      start: UnsafePointer<UInt8>(bitPattern: address), count: 64)
    #expect(unsafe left.allSatisfy { $0 == 0 })
    let count = neighbour.count
    #expect(count == 64)
  }

  /// Where a secret stood that is gone when this returns.
  private func address(of pool: SecretPool, _ content: [UInt8]) throws -> UInt {
    let secret = try SecretBytes(pool: pool, copying: content.span)
    return secret.withBytes { bytes in
      unsafe bytes.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
    }
  }

  @Test("writing to a pooled secret kills the process (M2)", .bareProcess)
  func readOnly() async {
    await #expect(processExitsWith: .signal(SIGSEGV)) {
      let secret = try SecretBytes.pooled(copying: SecureRandom.bytes(32).span)
      secret.withBytes { span in
        unsafe span.withUnsafeBufferPointer {
          unsafe UnsafeMutablePointer(mutating: $0.baseAddress)?.pointee = 1
        }
      }
    }
  }

  @Test("pooled secrets lie in pages that are locked and left out of core dumps (M1)", .bareProcess)
  func mapping() throws {
    let secret = try SecretBytes.pooled(copying: [UInt8](repeating: 3, count: 32).span)
    let address = secret.withBytes { bytes in
      unsafe bytes.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
    }
    let flags = try #require(mappingFlags(of: address))
    // From proc(5): locked, not in dumps, and no longer writable.
    #expect(flags.contains("lo") && flags.contains("dd") && !flags.contains("wr"))
  }

  /// What the kernel says of the mapping that an address lies in.
  private func mappingFlags(of address: UInt) -> [Substring]? {
    guard let file = unsafe fopen("/proc/self/smaps", "r") else { return nil }
    defer { unsafe fclose(file) }
    var line = [CChar](repeating: 0, count: 8_192)
    var isInside = false
    while unsafe fgets(&line, Int32(line.count), file) != nil {
      let bytes = line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      let text = String(decoding: bytes, as: UTF8.self)
      let range = text.prefix { $0 != " " }.split(separator: "-").compactMap { UInt($0, radix: 16) }
      if range.count == 2 { isInside = (range[0]..<range[1]).contains(address) }
      if isInside, text.hasPrefix("VmFlags:") {
        return text.dropFirst(8).split { " \n".contains($0) }
      }
    }
    return nil
  }

  @Test("a thousand signing keys are locked in a hundredth of the memory", .bareProcess)
  func lockedMemory() async {
    await #expect(processExitsWith: .success) {
      let before = try lockedKibibytes()
      var boxes: [SecretBox] = []
      for _ in 0..<1_000 {
        boxes.append(SecretBox(try Ed25519.pooledSigningKey(ofSeed: try Ed25519.makeSeed())))
      }
      let pooled = try lockedKibibytes() - before
      // 16 pages of 4 KiB, or as many larger ones; a page for each would be 4,000.
      guard (64...256).contains(pooled) else { exit(2) }
      boxes = []
      guard try lockedKibibytes() == before else { exit(3) }
      exit(0)
    }
  }

  @Test(
    "where nothing more can be locked there is an error, and after freeing there is room again",
    .bareProcess)
  func lockLimit() async {
    await #expect(processExitsWith: .success) {
      // The limit does not bind a process that may lock as much as it likes.
      if geteuid() == 0 { setuid(65534) }
      var limit = rlimit(rlim_cur: 65_536, rlim_max: 65_536)
      unsafe setrlimit(__rlimit_resource_t(8), &limit)
      var boxes: [SecretBox] = []
      do {
        while boxes.count < 100_000 { boxes.append(try pooledSecret()) }
        exit(1)
      } catch SealingError.lockedMemoryExhausted {
        // 15 or 16 pages of 63; page sizes differ.
        guard boxes.count >= 15 * 63 else { exit(2) }
        boxes.removeLast(boxes.count / 2)
        _ = try pooledSecret()
        exit(0)
      }
    }
  }

  @Test("threads that take, read and give back secrets of one pool do not disturb each other")
  func threads() async throws {
    let pool = SecretPool()
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for worker in 0..<8 {
        group.addTask {
          var kept: [(SecretBox, UInt8)] = []
          for round in 0..<400 {
            let byte = UInt8(truncatingIfNeeded: worker * 31 + round)
            let content = [UInt8](repeating: byte, count: 1 + round % 64)
            kept.append((SecretBox(try SecretBytes(pool: pool, copying: content.span)), byte))
            if round % 3 == 1 { kept.remove(at: kept.count / 2) }
            let (box, expected) = kept[round * 7 % kept.count]
            let isRight = box.bytes.withBytes { bytes in
              bytes.indices.allSatisfy { bytes[$0] == expected }
            }
            guard isRight else { return false }
          }
          return true
        }
      }
      for try await isRight in group { #expect(isRight) }
    }
    #expect(pool.openBlockCount == 0)
  }
}

private func pooledSecret() throws -> SecretBox {
  let content = SecureRandom.bytes(32)
  return SecretBox(try SecretBytes.pooled(copying: content.span))
}

/// What this process has locked, in KiB.
func lockedKibibytes() throws -> Int {
  let line = try readText("/proc/self/status").split(separator: "\n").first {
    $0.hasPrefix("VmLck:")
  }
  let words = (line ?? "").split { !$0.isNumber }
  return words.first.flatMap { Int($0) } ?? -1
}
