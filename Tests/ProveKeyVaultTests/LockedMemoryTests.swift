import Foundation
import ProveKeySealing
import Testing

@testable import ProveKeyVault

/// What the limit on locked memory, often 8 MiB, lets a vault hold.
@Suite("a vault and locked memory")
struct LockedMemoryTests {
  @Test("600 keys that are ready to sign take less than a page for ten of them", .bareProcess)
  func manySigners() async {
    await #expect(processExitsWith: .success) {
      let fixture = try VaultFixture()
      let vault = try fixture.open()
      let scope = try scope()
      var keys: [ProveKey] = []
      for _ in 0..<600 {
        keys.append(try vault.confirmKey(vault.placeKey(in: scope).deviceID, in: scope))
      }
      let before = try lockedKibibytes()
      for key in keys { _ = try vault.sign(challenge, with: key) }
      let taken = try lockedKibibytes() - before
      // 10 pages of 63 keys; the least is what shows that they are kept at all.
      guard (36...256).contains(taken) else { exit(2) }
      exit(0)
    }
  }

  @Test(
    "with 64 KiB to lock and none left a signature is refused by name; later it is made",
    .bareProcess)
  func smallLimit() async {
    await #expect(processExitsWith: .success) {
      // The limit does not bind a process that may lock as much as it likes.
      if geteuid() == 0 { setuid(65534) }
      var limit = rlimit(rlim_cur: 65_536, rlim_max: 65_536)
      unsafe setrlimit(__rlimit_resource_t(8), &limit)
      let fixture = try VaultFixture()
      let vault = try fixture.open()
      let scope = try scope()
      let key = try vault.placeKey(in: scope)
      _ = try vault.sign(challenge, with: key)
      var held: [RawKey] = []
      do {
        while held.count < 100 { held.append(try RawKey.random()) }
        exit(2)
      } catch SealingError.lockedMemoryExhausted {}
      // What is ready needs no more memory; a new key does.
      _ = try vault.sign(challenge, with: key)
      do {
        _ = try vault.confirmKey(
          vault.placeKey(in: scope, as: deviceID("other")).deviceID, in: scope)
        exit(3)
      } catch VaultError.memoryExhausted {}
      held = []
      let other = try vault.placeKey(in: scope, as: deviceID("other"))
      guard try verifies(vault.sign(challenge, with: other), of: other) else { exit(4) }
      guard try vault.verify().isSound else { exit(5) }
      exit(0)
    }
  }
}

/// What this process has locked, in KiB.
private func lockedKibibytes() throws -> Int {
  let file = try #require(FileHandle(forReadingAtPath: "/proc/self/status"))
  let text = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
  let line = text.split(separator: "\n").first { $0.hasPrefix("VmLck:") } ?? ""
  return try #require(line.split { !$0.isNumber }.first.flatMap { Int($0) })
}

extension Trait where Self == ConditionTrait {
  /// Leaves a test out under a sanitizer, which does not lock memory.
  fileprivate static var bareProcess: ConditionTrait {
    .disabled("a sanitizer takes the lock") {
      unsafe dlsym(nil, "__asan_init") != nil || dlsym(nil, "__tsan_init") != nil
    }
  }
}
