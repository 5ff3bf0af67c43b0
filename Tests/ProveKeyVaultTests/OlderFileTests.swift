import CampaignSupport
import Foundation
import ProveKeyModel
import ProveKeySealing
import ProveKeyVault
import Testing

/// Older copies of the files put back: the database alone, its log alone, both; and logs cut short.
///
/// A whole older state is an authentic state: only what is kept elsewhere tells, an anchor here or the
/// server's memory of generations and counters.
@Suite("older files put back")
struct OlderFileTests {
  let fixture: VaultFixture

  init() throws { fixture = try VaultFixture() }

  /// One moment of the two files.
  private struct Moment {
    var database: [UInt8]
    var log: [UInt8]
    var keys: Set<ProveKey>
    var generation: UInt64
  }

  private func moment(_ vault: KeyVault) throws -> Moment {
    Moment(
      database: try fixture.bytes(), log: try fixture.bytes("device.vault-wal"),
      keys: Set(try vault.keys(in: scope())), generation: try vault.info().generation)
  }

  /// Moments of one life; the log was emptied between some of them.
  private func life(_ anchor: InMemoryRollbackAnchor) throws -> [Moment] {
    let vault = try KeyVault.open(
      at: fixture.path, unlock: .rawKey(fixture.key), anchor: anchor)
    var moments: [Moment] = []
    for number in 0..<3 {
      _ = try vault.placeKey(in: scope(), as: deviceID("device \(number)"))
      moments.append(try moment(vault))
      try vault.confirmKey(deviceID("device \(number)"), in: scope())
      moments.append(try moment(vault))
      if number == 1 {
        #expect(try vault.compact().isLogEmpty)
        moments.append(try moment(vault))
      }
    }
    // Closed without ending the log, as a crash leaves it: the copies are what counts.
    return moments
  }

  private func put(_ database: [UInt8], _ log: [UInt8], at name: String) throws {
    try fixture.remove(name)
    try fixture.write(database, to: name)
    try fixture.write(log, to: name + "-wal")
  }

  @Test("with an anchor no mixture of older database and log opens, but the newest state (V14)")
  func withAnchor() throws {
    let anchor = InMemoryRollbackAnchor()
    let moments = try life(anchor)
    let newest = try #require(moments.last)
    for (first, database) in moments.enumerated() {
      for (second, log) in moments.enumerated() {
        try put(database.database, log.log, at: "older")
        let comment: Comment = "database \(first), log \(second)"
        let error = try vaultError {
          let vault = try KeyVault.openExisting(
            at: fixture.path("older"), unlock: .rawKey(fixture.key), anchor: anchor)
          #expect(Set(try vault.keys(in: scope())) == newest.keys, comment)
          #expect(try vault.info().generation == newest.generation, comment)
        }
        if first == moments.count - 1, second == moments.count - 1 {
          #expect(error == nil, comment)
        }
        if first == second, first < moments.count - 1, database.generation < newest.generation {
          #expect(error == .rolledBack, comment)
        }
      }
    }
  }

  @Test("without an anchor such a mixture opens only as a state that once was, with its generation")
  func withoutAnchor() throws {
    let moments = try life(InMemoryRollbackAnchor())
    for (first, database) in moments.enumerated() {
      for (second, log) in moments.enumerated() {
        try put(database.database, log.log, at: "older")
        let comment: Comment = "database \(first), log \(second)"
        let error = try vaultError {
          let vault = try fixture.open("older")
          #expect(try vault.verify().isSound, comment)
          let generation = try vault.info().generation
          let keys = Set(try vault.keys(in: scope()))
          let known = moments.contains { $0.generation == generation && $0.keys == keys }
          // The empty vault that was made first was no moment of these.
          #expect(known || (generation < moments[0].generation && keys.isEmpty), comment)
        }
        if first == second { #expect(error == nil, comment) }
      }
    }
  }

  @Test("a log cut short anywhere gives a state that once was")
  func logCutShort() throws {
    let moments = try life(InMemoryRollbackAnchor())
    let newest = try #require(moments.last)
    let step = Campaign.isLong ? 8 : 24 + 4096
    var seen: Set<UInt64> = []
    // Every end of a frame, and with it a few bytes more or less.
    for base in stride(from: 0, through: newest.log.count, by: step) {
      for count in [base, base + 32, base + 33, base + 1024] where count <= newest.log.count {
        try put(newest.database, Array(newest.log[..<count]), at: "older")
        let vault = try fixture.open("older")
        let generation = try vault.info().generation
        let keys = Set(try vault.keys(in: scope()))
        #expect(
          moments.contains { $0.generation == generation && $0.keys == keys }, "\(count) bytes")
        seen.insert(generation)
      }
    }
    #expect(seen.count > 2)
  }
}
