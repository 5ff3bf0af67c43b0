import Foundation
import ProveKeySealing
import ProveKeyVault
import Testing

/// Each exit test is a process of its own; it gets the folder and finds vault and key file in it.
@Suite("localStorage in several handles, vault objects and processes")
struct LocalStorageProcessTests {
  let fixture: VaultFixture

  init() throws {
    fixture = try VaultFixture()
    try KeyFile.create(at: fixture.path("vault.key"))
  }

  @Test("two handles of one vault see each other's writes at once")
  func handles() throws {
    let vault = try openVault(in: fixture.folder, .exclusive)
    let handles = try (0..<2).map { _ in try vault.localStorage(for: shop) }
    for number in 0..<10 {
      try handles[number % 2].setItem("\(number)", "\(number)")
      #expect(try handles[(number + 1) % 2].getItem("\(number)") == "\(number)")
      #expect(
        try handles[0].allKeysCodeUnits() == handles[1].allKeysCodeUnits())
    }
    try handles[0].clear()
    #expect(try handles[1].count == 0)
  }

  @Test("two vaults open at once in one process see each other's writes (V6)")
  func vaults() throws {
    let vaults = try (0..<2).map { _ in try openVault(in: fixture.folder, .shared) }
    let handles = try vaults.map { try $0.localStorage(for: shop, quotaCodeUnits: 20) }
    for number in 0..<10 {
      let (one, other) = (handles[number % 2], handles[(number + 1) % 2])
      // The order is kept in memory, and must not be the one from before the other's write.
      _ = try other.allKeysCodeUnits()
      try one.setItem("\(number)", "\(number)")
      #expect(try other.getItem("\(number)") == "\(number)")
      #expect(try other.count == number + 1)
      #expect(try other.allKeysCodeUnits() == one.allKeysCodeUnits())
      #expect(try other.allKeysCodeUnits().count == number + 1)
    }
    // The quota is the origin's, whoever has filled it.
    for handle in handles {
      #expect(try vaultError { try handle.setItem("x", "") } == .quotaExceeded)
    }
    try handles[0].removeItem("3")
    #expect(try handles[1].getItem("3") == nil)
    try handles[1].clear()
    #expect(try handles[0].key(at: 0) == nil)
    #expect(try vaults[0].verify().isSound)
  }

  @Test("threads that write side by side lose no update")
  func threads() async throws {
    let vault = try openVault(in: fixture.folder, .exclusive)
    await withTaskGroup(of: Void.self) { group in
      for writer in 0..<4 {
        group.addTask {
          do {
            let storage = try vault.localStorage(for: shop)
            for number in 0..<50 {
              try storage.setItem("\(writer) \(number)", "value")
              _ = try storage.key(at: number)
            }
          } catch {
            Issue.record(error)
          }
        }
      }
    }
    let storage = try vault.localStorage(for: shop)
    #expect(try storage.count == 200)
    #expect(try Set(storage.allKeysCodeUnits()).count == 200)
    #expect(try vault.verify().isSound)
  }

  @Test("two processes racing on a shared vault lose no update and keep to the quota (V6, L3)")
  func racing() async throws {
    let vault = try openVault(in: fixture.folder, .shared)
    let storage = try vault.localStorage(for: shop)
    async let first = #expect(processExitsWith: .success) { [folder = fixture.folder as String] in
      try race("a", in: folder)
    }
    async let second = #expect(processExitsWith: .success) { [folder = fixture.folder as String] in
      try race("b", in: folder)
    }
    _ = await (first, second)
    #expect(try storage.count == 50)
    #expect(try storage.usedCodeUnits == 200)
    for name in ["a", "b"] {
      let own = try vault.localStorage(for: "https://\(name).example")
      #expect(try own.count == 30)
      #expect(try own.getItem("29") == name)
    }
    #expect(try vault.verify().isSound)
  }

  /// Rounds: 5, or 200 with PROVE_KEY_STORE_LONG=1.
  @Test("a process killed at any moment loses nothing that it had acknowledged (V1)")
  func killed() async throws {
    let isLong = ProcessInfo.processInfo.environment["PROVE_KEY_STORE_LONG"] == "1"
    var acknowledged = 0
    for round in 0..<(isLong ? 200 : 5) {
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [folder = fixture.folder as String, round = round as Int] in
        try writeUntilKilled(in: folder, round: round)
      }
      let vault = try openVault(in: fixture.folder, .exclusive)
      #expect(try vault.verify().isSound)
      let storage = try vault.localStorage(for: shop)
      let path = fixture.path("acknowledged \(round)")
      let log = try String(contentsOfFile: path, encoding: .utf8)
      // The last line may be torn by the kill: only whole lines were acknowledged.
      let lines = log.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
      let last = lines.last.flatMap { Int($0) } ?? -1
      acknowledged += lines.count
      // The item that goes with the next number may be gone already, or not yet.
      for number in 0...max(last, 0) where number <= last && number != last - 3 {
        #expect(try storage.getItem("\(round) \(number)") == expected(number, last))
      }
      try vault.close()
    }
    #expect(acknowledged > 5)
  }

  /// What must be there of a number when `last` was the last one acknowledged: each writes an item
  /// and removes the one four before it.
  private func expected(_ number: Int, _ last: Int) -> String? {
    if number + 4 <= last { return nil }
    return String(repeating: "v", count: number)
  }

  @Test("a write that fails for want of space changes nothing, tells nobody, and the vault goes on")
  func noSpace() async throws {
    await #expect(processExitsWith: .success) { [folder = fixture.folder as String] in
      let vault = try openVault(in: folder, .exclusive)
      let storage = try vault.localStorage(for: shop)
      let changes = try vault.localStorage(for: shop).changes()
      try storage.setItem("a", "1")
      try storage.setItem("b", "2")
      let order = try storage.allKeysCodeUnits()
      let before = try vault.info()
      signal(SIGXFSZ, SIG_IGN)
      // Not a byte more than the log has: the next commit cannot be written.
      let limit = try limitFileSize(to: 1)
      let errors = try [
        vaultError { try storage.setItem("c", "3") }, vaultError { try storage.setItem("a", "3") },
        vaultError { try storage.removeItem("a") }, vaultError { try storage.clear() },
      ]
      _ = try limitFileSize(to: limit)
      for error in errors {
        guard case .io? = error else {
          Issue.record("a write beyond the limit gave \(String(describing: error))")
          return
        }
      }
      #expect(try vault.info() == before)
      #expect(try storage.allKeysCodeUnits() == order)
      #expect(try storage.getItem("a") == "1")
      try storage.setItem("d", "4")
      var told: [UInt16?] = []
      for await change in changes {
        told.append(change.key?.first)
        if told.count == 3 { break }
      }
      #expect(told == [0x61, 0x62, 0x64])
      #expect(try vault.verify().isSound)
    }
  }
}

private func openVault(in folder: String, _ mode: VaultMode) throws -> KeyVault {
  try KeyVault.open(
    at: folder + "/device.vault", unlock: .keyFile(folder + "/vault.key"), mode: mode)
}

/// Writes 30 items of its own, and items of four code units into a common origin until it is full.
private func race(_ name: String, in folder: String) throws {
  let vault = try openVault(in: folder, .shared)
  let own = try vault.localStorage(for: "https://\(name).example")
  let common = try vault.localStorage(for: shop, quotaCodeUnits: 200)
  var refused = 0
  for number in 0..<30 {
    try own.setItem("\(number)", name)
    for half in 0..<2 {
      let error = try vaultError { try common.setItem("\(name)\(10 + number)", "\(half)") }
      #expect(error == nil || error == .quotaExceeded)
      if error != nil { refused += 1 }
    }
  }
  #expect(refused <= 60)
}

/// Writes and says after each step what it has done, until another thread kills the process.
private func writeUntilKilled(in folder: String, round: Int) throws {
  let path = folder + "/acknowledged \(round)"
  try #require(FileManager.default.createFile(atPath: path, contents: nil))
  let log = try #require(FileHandle(forWritingAtPath: path))
  let vault = try openVault(in: folder, .exclusive)
  let storage = try vault.localStorage(for: shop)
  // From the first write on, at a moment that differs from round to round.
  Thread.detachNewThread {
    usleep(UInt32(500 + (round * 7919) % 20_000))
    kill(getpid(), SIGKILL)
  }
  var number = 0
  while true {
    try storage.setItem("\(round) \(number)", String(repeating: "v", count: number))
    if number >= 4 { try storage.removeItem("\(round) \(number - 4)") }
    try log.write(contentsOf: Data("\(number)\n".utf8))
    number += 1
  }
}

/// Sets how large a file this process may make; returns what was set before.
private func limitFileSize(to bytes: rlim_t) throws -> rlim_t {
  var limit = rlimit()
  try #require(unsafe getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
  let before = limit.rlim_cur
  limit.rlim_cur = bytes
  try #require(unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
  return before
}
