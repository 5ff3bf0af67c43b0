import CampaignSupport
import Foundation
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import ProveKeyVault
import Testing

/// Each exit test is a process of its own; it gets the folder and finds vault and key file in it.
@Suite("several processes")
struct ProcessTests {
  let fixture: VaultFixture

  init() throws {
    fixture = try VaultFixture()
    try KeyFile.create(at: fixture.path("vault.key"))
  }

  @Test("an exclusive vault keeps another process out, and quickly")
  func exclusive() async throws {
    let vault = try openVault(in: fixture.folder, .exclusive)
    await #expect(processExitsWith: .success) { [folder = fixture.folder as String] in
      let start = ContinuousClock.now
      let error = try vaultError { _ = try openVault(in: folder, .exclusive) }
      #expect(error == .inUse)
      #expect(ContinuousClock.now - start < .seconds(3))
    }
    try vault.close()
    await #expect(processExitsWith: .success) { [folder = fixture.folder as String] in
      try openVault(in: folder, .exclusive).close()
    }
  }

  @Test("two processes racing on a shared vault lose no update and give no counter twice (V6, V10)")
  func racing() async throws {
    let vault = try openVault(in: fixture.folder, .shared)
    let common = try vault.confirmKey(vault.placeKey(in: scope()).deviceID, in: scope())
    async let first = #expect(processExitsWith: .success) { [folder = fixture.folder as String] in
      try race("first", in: folder)
    }
    async let second = #expect(processExitsWith: .success) { [folder = fixture.folder as String] in
      try race("second", in: folder)
    }
    _ = await (first, second)
    var counters: [UInt64] = []
    for name in ["first", "second"] {
      let keys = try vault.keys(in: scope("https://\(name).example"))
      #expect(keys.count == 20)
      #expect(keys.allSatisfy { $0.state == .placed })
      counters += try text(name).split(separator: "\n").compactMap { UInt64($0) }
    }
    #expect(counters.count == 80)
    #expect(Set(counters).count == 80)
    #expect(counters.max() == 80)
    #expect(try vault.sign(challenge, with: common).counter == 81)
    #expect(try vault.info().keys == 41)
    #expect(try vault.verify().isSound)
  }

  @Test("two vaults open at once in one process see each other's writes (V6)")
  func sharedInProcess() throws {
    let vaults = try [
      openVault(in: fixture.folder, .shared), openVault(in: fixture.folder, .shared),
    ]
    let pending = try vaults[0].placeKey(in: scope())
    #expect(try vaults[1].placeKey(in: scope()) == pending)
    let placed = try vaults[1].confirmKey(pending.deviceID, in: scope())
    #expect(try vaults[0].currentKey(in: scope()) == placed)
    let counters = try (0..<10).map { try vaults[$0 % 2].sign(challenge, with: placed).counter }
    #expect(counters == (1...10).map { UInt64($0) })
    #expect(try vaults[0].removeKey(placed.deviceID))
    #expect(try vaults[1].key(placed.deviceID) == nil)
    #expect(try vaultError { _ = try vaults[1].sign(challenge, with: placed) } == .unknownKey)
  }

  /// Campaign Q1.
  ///
  /// Rounds: 50, or 1,000 with PROVE_KEY_STORE_LONG=1, or PROVE_KEY_STORE_ROUNDS.
  @Test("a process killed at any moment loses nothing that it had acknowledged (V1, V10)")
  func killed() async throws {
    var acknowledged = 0
    for round in 0..<Campaign.rounds(short: 50, long: 1000) {
      // A new vault now and then, so that no scope grows too full.
      if round % 20 == 0 {
        try fixture.remove("device.vault")
        try fixture.remove("acknowledged")
      }
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [folder = fixture.folder as String, round = round as Int] in
        try workUntilKilled(in: folder, round: round)
      }
      let vault = try openVault(in: fixture.folder, .exclusive)
      #expect(try vault.verify().isSound)
      let keys = try vault.keys(in: scope())
      var lastCounters: [String: UInt64] = [:]
      for line in try wholeLines("acknowledged") {
        let words = line.split(separator: " ").map(String.init)
        try #require(words.count >= 2, "\(line)")
        let id = try deviceID(words[1])
        acknowledged += 1
        switch words[0] {
        case "placed": #expect(keys.contains { $0.deviceID == id && $0.state == .placed })
        default: lastCounters[words[1]] = UInt64(words[2]) ?? .max
        }
      }
      for (id, last) in lastCounters {
        #expect(try #require(vault.sign(challenge, with: deviceID(id)).counter) > last)
      }
      try vault.close()
    }
    #expect(acknowledged > 5)
  }

  @Test("a write that fails for want of space changes nothing, and the vault goes on (V1, V7)")
  func noSpace() async throws {
    await #expect(processExitsWith: .success) { [folder = fixture.folder as String] in
      let vault = try openVault(in: folder, .exclusive)
      let key = try vault.confirmKey(vault.placeKey(in: scope()).deviceID, in: scope())
      for _ in 0..<256 { _ = try vault.sign(challenge, with: key) }  // a block is used up
      let before = try vault.info()
      signal(SIGXFSZ, SIG_IGN)
      // Not a byte more than the log has: the next commit cannot be written.
      let limit = try limitFileSize(to: 1)
      let errors = try [
        vaultError { _ = try vault.placeKey(in: scope("https://other.example")) },
        vaultError { _ = try vault.sign(challenge, with: key) },
        vaultError { try vault.removeKey(key.deviceID) },
      ]
      _ = try limitFileSize(to: limit)
      for error in errors {
        guard case .io? = error else {
          Issue.record("a write beyond the limit gave \(String(describing: error))")
          return
        }
      }
      #expect(try vault.info() == before)
      #expect(try vault.keys(in: scope()) == [key])
      #expect(try vault.sign(challenge, with: key).counter == 257)
      let other = try vault.placeKey(in: scope("https://other.example"))
      #expect(try verifies(vault.sign(challenge, with: other), of: other))
      #expect(try vault.verify().isSound)
      try vault.close()
      let again = try openVault(in: folder, .exclusive)
      #expect(try again.key(other.deviceID) == other)
      #expect(try again.sign(challenge, with: key).counter == 513)
    }
  }

  /// The lines that were written whole.
  ///
  /// A line torn by the kill was not acknowledged, and is taken away: the next round goes on behind it.
  private func wholeLines(_ name: String) throws -> [Substring] {
    let text = try text(name)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last != "" {
      try fixture.write(Array(lines.dropLast().map { $0 + "\n" }.joined().utf8), to: name)
    }
    return lines.dropLast()
  }

  private func text(_ name: String) throws -> String {
    String(decoding: try fixture.bytes(name), as: UTF8.self)
  }
}

private func openVault(in folder: String, _ mode: VaultMode) throws -> KeyVault {
  try KeyVault.open(
    at: folder + "/device.vault", unlock: .keyFile(folder + "/vault.key"), mode: mode)
}

/// Places 20 keys in a scope of its own and signs 40 times with the key that both share.
private func race(_ name: String, in folder: String) throws {
  let vault = try openVault(in: folder, .shared)
  let own = try scope("https://\(name).example")
  let common = try #require(try vault.currentKey(in: scope()))
  var counters: [UInt64] = []
  for _ in 0..<20 {
    try vault.confirmKey(vault.placeKey(in: own).deviceID, in: own)
    for _ in 0..<2 {
      counters.append(try #require(try vault.sign(challenge, with: common).counter))
    }
  }
  try counters.map { "\($0)\n" }.joined().write(
    toFile: folder + "/" + name, atomically: true, encoding: .utf8)
}

/// Works and says after each step what it has done, until another thread kills the process.
private func workUntilKilled(in folder: String, round: Int) throws {
  let path = folder + "/acknowledged"
  if !FileManager.default.fileExists(atPath: path) {
    try #require(FileManager.default.createFile(atPath: path, contents: nil))
  }
  let log = try #require(FileHandle(forWritingAtPath: path))
  try log.seekToEnd()
  let vault = try openVault(in: folder, .exclusive)
  let scope = try scope()
  // From the first write on, at a moment that differs from round to round.
  Thread.detachNewThread {
    usleep(UInt32(500 + (round * 7919) % 20_000))
    kill(getpid(), SIGKILL)
  }
  while true {
    let key = try vault.confirmKey(vault.placeKey(in: scope).deviceID, in: scope)
    try log.write(contentsOf: Data("placed \(key.deviceID.rawValue)\n".utf8))
    for _ in 0..<70 {
      let counter = try #require(try vault.sign(challenge, with: key).counter)
      try log.write(contentsOf: Data("signed \(key.deviceID.rawValue) \(counter)\n".utf8))
    }
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
