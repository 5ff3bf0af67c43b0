import Foundation
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import SQLiteDatabase
import Testing

@testable import ProveKeyVault

@Suite("rotating the data key")
struct RotationTests {
  let fixture: VaultFixture

  init() throws { fixture = try VaultFixture() }

  /// A vault with `count` placed keys that have signed: four rows each.
  private func fill(_ vault: KeyVault, _ count: Int) throws -> [ProveKey] {
    try (0..<count).map { index in
      let scope = try scope("https://\(index).example")
      let key = try vault.confirmKey(vault.placeKey(in: scope).deviceID, in: scope)
      _ = try vault.sign(challenge, with: key)
      return key
    }
  }

  private func expectWhole(_ vault: KeyVault, _ keys: [ProveKey]) throws {
    for key in keys {
      #expect(try vault.key(key.deviceID) == key)
      #expect(try verifies(vault.sign(challenge, with: key), of: key))
    }
    let report = try vault.verify()
    #expect(report.isSound)
    #expect(report.keys == keys.count)
  }

  @Test("every record is under the new data key afterwards, and the old one is gone")
  func rotates() throws {
    let vault = try fixture.open()
    let keys = try fill(vault, 5)
    var seen: [RotationProgress] = []
    let report = try vault.rotate(rowCount: 6) { progress in
      seen.append(progress)
      return .goOn
    }
    #expect(report.epoch == 2)
    #expect(report.resealed == 20)
    #expect(report.retired == [1])
    #expect(report.isComplete && !report.isResumed)
    #expect(seen.map(\.done) == [0, 6, 12, 18, 20])
    #expect(seen.allSatisfy { $0.total == 20 && $0.epoch == 2 })
    #expect(try vault.info().epochs == [2])
    try expectWhole(vault, keys)
    try vault.close()
    try fixture.attack { connection in
      let rows = try connection.storedRows()
      #expect(rows.allSatisfy { $0.epoch == 2 })
      let dataKeys = try connection.int64("SELECT count(*) FROM epoch")
      #expect(dataKeys == 1)
    }
    try expectWhole(fixture.open(), keys)
  }

  @Test("a rotation is one more each time, and an empty vault rotates too")
  func repeated() throws {
    let vault = try fixture.open()
    for epoch in 2...20 { #expect(try vault.rotate().epoch == epoch) }
    #expect(try vault.info().epochs == [20])
    let keys = try fill(vault, 1)
    #expect(try vault.rotate().resealed == 4)
    try expectWhole(vault, keys)
  }

  @Test("each transaction is bounded by rows and by bytes")
  func bounded() throws {
    let vault = try fixture.open()
    _ = try fill(vault, 5)
    let large = [UInt8](repeating: 7, count: 3 << 20)
    try vault.withRing { ring throws(VaultError) in
      for name in ["a", "b", "c", "d"] {
        try ring.store.writing { writer throws(VaultError) in
          let keys = writer.reader.keys
          try writer.put([0xF0] + large, at: keys.locator(name), in: keys.locator("large"))
        }
      }
    }
    var generations: [UInt64] = []
    try vault.rotate(rowCount: 100) { _ in
      generations.append((try? vault.info().generation) ?? 0)  // 0 fails the test
      return .goOn
    }
    #expect(generations.count >= 3, "12 MiB are more than one transaction")
    #expect(zip(generations, generations.dropFirst()).allSatisfy { $1 <= $0 + 1 })
    #expect(try vault.verify().isSound)
  }

  @Test("a crash after any transaction leaves a sound vault whose rotation can be finished")
  func crashes() throws {
    let vault = try fixture.open()
    let keys = try fill(vault, 4)
    var copies = 0
    try vault.rotate(rowCount: 3) { _ in
      copies += 1
      do {
        try fixture.crashCopy(to: "crash\(copies)")
        // The transaction half written.
        let log = try fixture.bytes("crash\(copies)-wal")
        try fixture.write(fixture.bytes("crash\(copies)"), to: "torn\(copies)")
        try fixture.write(Array(log.dropLast(2_000)), to: "torn\(copies)-wal")
      } catch {
        Issue.record(error)
      }
      return .goOn
    }
    try fixture.crashCopy(to: "end")
    #expect(copies == 7)
    for copy in 1...copies {
      for name in ["crash\(copy)", "torn\(copy)"] {
        let opened = try fixture.open(name)
        let epochs = try opened.info().epochs
        #expect(epochs == (name == "torn1" ? [1] : [1, 2]), "\(name)")
        try expectWhole(opened, keys)
        let report = try opened.rotate()
        #expect(report.epoch == 2)
        #expect(report.isResumed == (epochs.count == 2))
        #expect(report.isComplete)
        #expect(try opened.info().epochs == [2])
        try expectWhole(opened, keys)
        try opened.close()
        try expectWhole(fixture.open(name), keys)
        try fixture.remove(name)
      }
    }
    let end = try fixture.open("end")
    #expect(try end.info().epochs == [2])
    try expectWhole(end, keys)
  }

  @Test("a rotation that was stopped is gone on with, in the same vault or after reopening")
  func stopped() throws {
    let vault = try fixture.open()
    let keys = try fill(vault, 4)
    var calls = 0
    let first = try vault.rotate(rowCount: 4) { _ in
      calls += 1
      return calls == 3 ? .stop : .goOn
    }
    #expect(!first.isComplete)
    #expect(first.resealed == 8)
    #expect(first.retired == [])
    try expectWhole(vault, keys)
    try vault.close()
    let again = try fixture.open()
    #expect(try again.info().epochs == [1, 2])
    let second = try again.rotate()
    #expect(second.isResumed && second.isComplete)
    #expect(second.resealed < 16, "what is done is not done again")
    #expect(second.retired == [1])
    try expectWhole(again, keys)
  }

  @Test("an epoch with a record left is not retired, and the count is right")
  func proof() throws {
    let vault = try fixture.open()
    let keys = try fill(vault, 2)
    #expect(try vaultError { try vault.retire(epoch: 1) } == .epochInUse(epoch: 1, records: 8))
    var calls = 0
    try vault.rotate(rowCount: 1) { _ in
      calls += 1
      return calls == 8 ? .stop : .goOn
    }
    #expect(try vaultError { try vault.retire(epoch: 1) } == .epochInUse(epoch: 1, records: 1))
    #expect(try vaultError { try vault.retire(epoch: 2) } == .epochInUse(epoch: 2, records: 7))
    #expect(try vaultError { try vault.retire(epoch: 3) } == .unknownEpoch(3))
    #expect(try vaultError { try vault.retire(epoch: 0) } == .unknownEpoch(0))
    try expectWhole(vault, keys)
    try vault.rotate()
    let generation = try vault.info().generation
    try vault.retire(epoch: 1)
    #expect(try vault.info().generation == generation, "retiring again changes nothing")
    #expect(try vaultError { try vault.retire(epoch: 2) } == .epochInUse(epoch: 2, records: 8))
  }

  @Test("rows and data key of a retired epoch, put back, are refused")
  func putBack() throws {
    let vault = try fixture.open()
    let keys = try fill(vault, 1)
    try vault.close()
    var rows: [StoredRow] = []
    var dataKey: [UInt8] = []
    try fixture.attack { connection in
      rows = try connection.storedRows()
      dataKey = try connection.blob("SELECT sealed FROM epoch")
    }
    let again = try fixture.open()
    try again.rotate()
    try again.close()
    let whole = try fixture.bytes()

    try fixture.attack { for row in rows { try $0.putBack(row) } }
    #expect(
      try vaultError { _ = try fixture.open() } == .damaged(VaultDamage(.records, .replaced)))
    try fixture.write(whole, to: "device.vault")
    try fixture.attack { try $0.run("INSERT INTO epoch (epoch, sealed) VALUES (1, ?)", dataKey) }
    #expect(
      try vaultError { _ = try fixture.open() } == .damaged(VaultDamage(.header, .replaced)))
    try fixture.write(whole, to: "device.vault")

    // Even with its data key in hand the epoch is below the minimum that the state names.
    let opened = try fixture.open()
    let (storeKeys, minimum) = try opened.withRing { ring throws(VaultError) in
      (ring.store.keys, ring.store.trusted?.state.minimumEpoch)
    }
    #expect(minimum == 2)
    try storeKeys.adopt(SealedEpoch(epoch: 1, sealed: dataKey))
    for row in rows {
      let names = (Locator(row.locator.span), Locator(row.namespace.span))
      guard let locator = names.0, let namespace = names.1 else { continue }
      let place = RecordReader.context(
        locator, version: UInt64(row.version), namespace: namespace)
      #expect(throws: SealingError.epochRetired(1)) {
        try storeKeys.open(row.sealed.span, as: place)
      }
    }
    try expectWhole(opened, keys)
  }

  @Test("what the old data key sealed is in neither file nor log after a rotation")
  func oldBytesAreGone() throws {
    let vault = try fixture.open()
    _ = try fill(vault, 10)
    try vault.close()
    var old: [[UInt8]] = []
    try fixture.attack { connection in
      old = try connection.storedRows().map(\.sealed)
      old.append(try connection.blob("SELECT sealed FROM epoch"))
    }
    let again = try fixture.open()
    try again.rotate()
    for name in ["device.vault", "device.vault-wal"] {
      let bytes = try fixture.bytes(name)
      #expect(old.allSatisfy { !bytes.contains($0) }, "\(name)")
    }
  }

  @Test("other threads read, write and sign while a rotation goes on, and lose nothing")
  func concurrent() throws {
    let vault = try fixture.open()
    let keys = try fill(vault, 60)
    let isDone = Locked(false)
    let placed = Locked<[ProveKey]>([])
    let workers = DispatchGroup()
    for worker in 0..<2 {
      workers.enter()
      // Threads of their own: the tests' pool may have no more than the one that rotates.
      Thread.detachNewThread {
        defer { workers.leave() }
        do {
          var round = 0
          while !isDone.withLock({ $0 }) {
            let key = keys[(round * 7 + worker) % keys.count]
            #expect(try vault.key(key.deviceID) == key)
            #expect(try verifies(vault.sign(challenge, with: key), of: key))
            let scope = try scope("https://new-\(worker)-\(round).example")
            let new = try vault.confirmKey(vault.placeKey(in: scope).deviceID, in: scope)
            placed.withLock { $0.append(new) }
            round += 1
          }
        } catch {
          Issue.record(error)
        }
      }
    }
    var before = 0
    var transactionsWithCallsBetween = 0
    let report = try vault.rotate(rowCount: 4) { _ in
      let now = placed.withLock { $0.count }
      if now > before { transactionsWithCallsBetween += 1 }
      before = now
      return .goOn
    }
    isDone.withLock { $0 = true }
    workers.wait()
    #expect(report.isComplete)
    #expect(transactionsWithCallsBetween > 1, "nobody else got the lock")
    let all = keys + placed.withLock { $0 }
    #expect(try vault.info().epochs == [2])
    try expectWhole(vault, all)
    try vault.close()
    try expectWhole(fixture.open(), all)
  }

  @Test("two processes' vaults rotate and write in turn in shared mode (V6)")
  func shared() throws {
    let vaults = try [fixture.open(mode: .shared), fixture.open(mode: .shared)]
    var keys = try fill(vaults[0], 3)
    var round = 0
    let report = try vaults[0].rotate(rowCount: 2) { _ in
      round += 1
      do {
        let scope = try scope("https://other-\(round).example")
        keys.append(try vaults[1].confirmKey(vaults[1].placeKey(in: scope).deviceID, in: scope))
        _ = try vaults[1].sign(challenge, with: keys[0])
      } catch {
        Issue.record(error)
      }
      return .goOn
    }
    #expect(report.isComplete)
    #expect(try vaults[1].rotate().epoch == 3)
    #expect(try vaults[0].info().epochs == [3])
    for vault in vaults { try expectWhole(vault, keys) }
  }
}
