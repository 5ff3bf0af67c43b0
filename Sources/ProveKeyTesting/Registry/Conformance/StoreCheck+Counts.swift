import ProveDeviceRegistry
import ProveKeySealing

private typealias Sample = SampleRows

// G10, counts, many writers, and the end.

extension StoreCheck {
  func digestsFollow() async throws {
    let keepsThem = try await !store.setDigests().isEmpty
    try await checkDigests("an empty store")
    let (row, next) = (Sample.row(1), Sample.row(1, .revoked, version: 2))
    // Several rows of one bucket and of several in one batch, and one bucket twice.
    let first: [RegistryWrite] = [
      .insert(row), .insert(Sample.row(2)), .append(Sample.event(1, 1)),
    ]
    let steps: [(String, [RegistryWrite])] = [
      ("inserts", first), ("an update", [.update(next, replacing: row)]),
      ("events", [.append(Sample.event(1, 2, detailDay: 4)), .append(Sample.event(2, 1))]),
      ("a redaction", [.redact(Sample.event(1, 2))]),
      ("an item", [.put(Sample.item(1), replacing: nil)]),
      ("a removed item", [.removeItem(Sample.item(1).locator)]),
      ("a removal", [.remove(Sample.row(2))]),
      ("the same row again", [.insert(Sample.row(2)), .append(Sample.event(2, 2))]),
    ]
    for (what, batch) in steps {
      try await applied(batch, what)
      try await checkDigests(what)
    }
    try expect(
      try await store.setDigests().isEmpty != keepsThem, "digests that are kept come or go")
  }

  func digestsStay() async throws {
    let id = WriteID()
    let row = Sample.row(1)
    let batch: [RegistryWrite] = [.insert(row), .append(Sample.event(1, 1))]
    for _ in 0..<3 { _ = try await store.write(batch, as: id) }
    try await checkDigests("the same batch again")
    let outcomes = try await withThrowingTaskGroup(of: WriteOutcome.self) { group in
      for _ in 0..<16 { group.addTask { try await store.write(batch, as: id) } }
      for number in 0..<16 {
        group.addTask {
          try await self.write([
            .insert(Sample.row(100 + number)),
            .update(Sample.row(1, day: Int64(number), version: 2), replacing: row),
          ])
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    try expect(outcomes.count { $0 == .conflict(at: 1) } == 15, "answered \(outcomes)")
    try await checkDigests("conflicts")
    try await refused(.insert(row), "an insert under a deviceId in use")
    try await refused(.remove(Sample.row(7)), "the removal of none")
    try await refused(.append(Sample.event(1, 1)), "an event that is there")
    try await checkDigests("more conflicts")
  }

  /// Expects the set digests to be those of the rows that are there, where the store keeps any.
  private func checkDigests(_ what: String) async throws {
    let digests = try await store.setDigests()
    if digests.isEmpty { return }
    try expect(digests.map { Int($0.bucket) } == Array(0...255), "other buckets after \(what)")
    let ledger = SetLedger(keys: store.keys)
    var changes = SetChanges()
    for state in StoredRegistration.State.allCases {
      changes.merge(try ledger.changes(of: try await all(.state(state)).map { .insert($0) }))
    }
    var position: EventPosition?
    repeat {
      let page = try await store.events(after: position, limit: 1000)
      changes.merge(try ledger.changes(of: page.map { .append($0) }))
      position = page.last?.position
    } while position != nil
    for (empty, digest) in zip(try ledger.empty(), digests) {
      let isRight = try ledger.agree(try ledger.applying(changes, to: empty), digest)
      try expect(isRight, "bucket \(digest.bucket) speaks of other rows after \(what)")
    }
  }

  func statistics() async throws {
    try await applied([
      .insert(Sample.row(1)), .insert(Sample.row(2)), .insert(Sample.row(3, .revoked)),
      .insert(Sample.row(4, .suspended)), .insert(Sample.row(5, visitor: nil)),
      .append(Sample.event(1, 1)), .append(Sample.event(1, 2)),
      .put(Sample.item(1), replacing: nil),
    ])
    let counts = try await store.statistics()
    try expect(
      counts.registrations == [.bound: 3, .revoked: 1, .suspended: 1],
      "registrations: \(counts.registrations)")
    try expect(counts.candidates == 2, "\(counts.candidates) candidates of 2")
    try expect(counts.events == 2, "\(counts.events) events of 2")
    try expect(counts.items == 1, "\(counts.items) items of 1")
    try expect((counts.byteCount ?? 1) > 0, "\(counts.byteCount ?? 0) bytes")
    let problems = try await store.structureProblems()
    try expect(problems.isEmpty, "the structure has problems: \(problems)")
  }

  func census() async throws {
    let other = Sample.locator(2, 1)
    try expect(
      try await store.census() == StoreCensus(cohorts: [], visitorsByCandidates: [:]),
      "an empty store has a census")
    try await applied([
      .insert(Sample.row(1, day: 20)), .insert(Sample.row(2, day: 20)),
      .insert(Sample.row(3, day: -7)), .insert(Sample.row(4, .revoked, day: 20)),
      .insert(Sample.row(5, day: 30, visitor: other)), .insert(Sample.row(6, .dormant, day: 5)),
      .insert(Sample.row(7, day: 30, visitor: nil)), .insert(Sample.row(8, .placed, day: 30)),
    ])
    let expected: [StoreCensus.Cohort] = [
      .init(state: .placed, lastActiveDay: 30, count: 1),
      .init(state: .bound, lastActiveDay: -7, count: 1),
      .init(state: .bound, lastActiveDay: 20, count: 2),
      .init(state: .bound, lastActiveDay: 30, count: 2),
      .init(state: .revoked, lastActiveDay: 20, count: 1),
      .init(state: .dormant, lastActiveDay: 5, count: 1),
    ]
    let census = try await store.census()
    try expect(census.cohorts == expected, "other cohorts, or in another order")
    try expect(
      census.visitorsByCandidates == [3: 1, 1: 1], "visitors: \(census.visitorsByCandidates)")
  }

  func concurrentWriters() async throws {
    let (writers, rounds) = effort == .full ? (64, 100) : (24, 12)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<writers {
        group.addTask {
          for round in 0..<rounds {
            let number = writer * 1000 + round
            // Each has its own rows, and all append to few chains: there they must take turns.
            try await applied([.insert(Sample.row(number)), .append(Sample.event(number, 1))])
            try await expectStored(Sample.row(number), "than its writer wrote")
          }
          try await count(at: Sample.item(writer % 3))
        }
      }
      try await group.waitForAll()
    }
    let counts = try await store.statistics()
    let expected = writers * rounds
    try expect(counts.registrations == [.bound: expected], "\(counts.registrations) of \(expected)")
    try expect(counts.events == expected && counts.candidates == expected, "counts differ")
    for number in 0..<3 {
      let version = try await store.item(at: Sample.item(number).locator)?.version ?? 0
      try expect(version == UInt64(writers / 3), "\(version) of \(writers / 3) changes took effect")
    }
    if effort == .quick { try await checkDigests("many writers") }
  }

  /// Replaces an item by its next version, again until nobody is faster.
  private func count(at item: StoredItem) async throws {
    for _ in 0..<10_000 {
      let version = try await store.item(at: item.locator)?.version
      let next = Sample.item(item.locator.sampleNumber, version: (version ?? 0) + 1)
      if try await write([.put(next, replacing: version)]) == .applied { return }
    }
    throw Broken("an item could not be replaced in 10,000 attempts")
  }

  func closing() async throws {
    let row = Sample.row(1)
    try await applied([.insert(row)])
    try await store.close()
    try await expectClosed("registration") { _ = try await store.registration(at: row.device) }
    try await expectClosed("registrations") { _ = try await store.registrations(at: [row.device]) }
    try await expectClosed("a listing") { _ = try await all(.state(.bound)) }
    try await expectClosed("item") { _ = try await store.item(at: row.device) }
    try await expectClosed("events") {
      _ = try await store.events(of: row.device, after: 0, limit: 1)
    }
    try await expectClosed("lastEvent") { _ = try await store.lastEvent(of: row.device) }
    try await expectClosed("all events") { _ = try await store.events(after: nil, limit: 1) }
    try await expectClosed("details") {
      _ = try await store.events(withDetailBefore: 1, limit: 1)
    }
    try await expectClosed("write") { _ = try await write([.insert(Sample.row(2))]) }
    try await expectClosed("removeItems") {
      _ = try await store.removeItems(expiredBefore: 1, limit: 1)
    }
    try await expectClosed("setDigests") { _ = try await store.setDigests() }
    try await expectClosed("statistics") { _ = try await store.statistics() }
    try await expectClosed("census") { _ = try await store.census() }
    try await expectClosed("structureProblems") { _ = try await store.structureProblems() }
    try await expectClosed("close") { try await store.close() }
  }

  private func expectClosed(_ call: String, _ body: () async throws -> Void) async throws {
    do {
      try await body()
    } catch let error as RegistryError {
      return try expect(error == .store(.closed), "\(call) throws \(error) after closing")
    }
    throw Broken("\(call) works after closing")
  }
}
