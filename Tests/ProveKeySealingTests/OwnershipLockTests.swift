import Dispatch
import Glibc
import ProveKeyPlatform
import Testing

@Suite("A lock on a store that processes and handles hold")
struct OwnershipLockTests {
  @Test("alone keeps all others out, shared keeps those out who want to be alone, the end frees it")
  func modes() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/owner"
    do {
      let alone = try OwnershipLock(path: path, isExclusive: true)
      for isExclusive in [true, false] {
        #expect(throws: OwnershipLock.Problem.inUse) {
          _ = try OwnershipLock(path: path, isExclusive: isExclusive)
        }
      }
      withExtendedLifetime(alone) {}
    }
    let first = try OwnershipLock(path: path, isExclusive: false)
    let second = try OwnershipLock(path: path, isExclusive: false)
    #expect(throws: OwnershipLock.Problem.inUse) {
      _ = try OwnershipLock(path: path, isExclusive: true)
    }
    withExtendedLifetime((first, second)) {}
  }

  @Test("a refused lock closes its own descriptor once, and nobody else's")
  func refusal() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/owner"
    let held = try OwnershipLock(path: path, isExclusive: true)
    let lost = Locked(0)
    // Threads that open and close: a second close of one number would take theirs away.
    DispatchQueue.concurrentPerform(iterations: 3) { worker in
      for _ in 0..<20_000 {
        if worker == 0 {
          do { _ = try OwnershipLock(path: path, isExclusive: true) } catch { continue }
          lost.withLock { $0 += 1 }  // a lock that somebody holds was given
        } else {
          let descriptor = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
          if descriptor < 0 || close(descriptor) != 0 { lost.withLock { $0 += 1 } }
        }
      }
    }
    #expect(lost.withLock { $0 } == 0)
    withExtendedLifetime(held) {}
  }

  @Test("the end frees it though a forked child still has a copy of the descriptor")
  func copied() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/owner"
    var copies: [Int32] = []
    do {
      let held = try OwnershipLock(path: path, isExclusive: true)
      // What a child has between fork and exec: the same open file under another number.
      let own = try (Int32(3)..<65_536).filter { try Self.isOpen($0, path) }
      copies = own.map { dup($0) }
      withExtendedLifetime(held) {}
    }
    #expect(copies.count == 1)
    let again = try OwnershipLock(path: path, isExclusive: true)
    withExtendedLifetime(again) {}
    for copy in copies { close(copy) }
  }

  private static func isOpen(_ descriptor: Int32, _ path: String) throws -> Bool {
    var (file, wanted) = (stat(), stat())
    try #require(unsafe stat(path, &wanted) == 0)
    guard unsafe fstat(descriptor, &file) == 0 else { return false }
    return file.st_ino == wanted.st_ino && file.st_dev == wanted.st_dev
  }
}
