import ProveKeySealing
import Testing

@testable import ProveDeviceRegistry

/// The contract G1, G2 and G4 of `RegistryStore`, for every store.
@Suite("A registry store")
struct StoreConformanceTests {
  @Test("reads what was written before the read began (G4)", arguments: StoreFactory.all)
  func readsYourWrites(factory: StoreFactory) async throws {
    let test = try await factory.open()
    defer { test.keepAlive() }
    let store = test.store
    for number in 1...40 {
      let written = row(
        number, prove: .prove, customer: .customer, human: number % 2 == 0 ? .human : nil)
      #expect(try await store.registration(at: written.device) == nil)
      let batch: [RegistryWrite] = [
        .insert(written), .append(event(number, 1)), .put(item(number), replacing: nil),
      ]
      #expect(try await store.write(batch) == .applied)
      #expect(try await store.registration(at: written.device) == written)
      #expect(try await store.lastEvent(of: written.device) == event(number, 1))
      #expect(try await store.item(at: item(number).locator) == item(number))
    }
  }

  @Test(
    "a batch with a conflict at any place changes nothing and names the place (G1)",
    arguments: StoreFactory.all, 0..<5)
  func wholeOrNothing(factory: StoreFactory, place: Int) async throws {
    let test = try await factory.open()
    defer { test.keepAlive() }
    let store = test.store
    let before = row(50)
    _ = try await store.write([
      .insert(before), .insert(row(60)), .append(event(50, 1)), .put(item(50), replacing: nil),
    ])
    var batch: [RegistryWrite] = [
      .insert(row(1)), .update(row(50, .revoked, version: 2), replacing: before),
      .append(event(50, 2)), .put(item(50, version: 2), replacing: 1),
    ]
    batch.insert(.insert(row(60, .placed)), at: place)
    let counts = try await store.statistics()
    #expect(try await store.write(batch) == .conflict(at: place))
    #expect(try await store.registration(at: .numbered(1)) == nil)
    #expect(try await store.registration(at: before.device) == before)
    #expect(try await store.registration(at: .numbered(60)) == row(60))
    #expect(try await store.lastEvent(of: before.device)?.sequence == 1)
    #expect(try await store.item(at: item(50).locator)?.version == 1)
    let after = try await store.statistics()
    #expect(after.registrations == counts.registrations)
    #expect(after.candidates == counts.candidates)
    #expect(try await store.numbers(.candidates(visitor: .visitor, sinceDay: 0)) == [60, 50])
  }

  @Test(
    "every kind of change conflicts where the row is not the one expected (G2)",
    arguments: StoreFactory.all)
  func conflicts(factory: StoreFactory) async throws {
    let test = try await factory.open()
    defer { test.keepAlive() }
    let store = test.store
    _ = try await store.write([
      .insert(row(1, version: 5)), .append(event(1, 1)), .put(item(1, version: 3), replacing: nil),
    ])
    let refused: [RegistryWrite] = [
      .insert(row(1, version: 6)),
      .update(row(1, version: 6), replacing: row(1, version: 4)),
      .update(row(1, version: 6), replacing: row(1, version: 6)),
      .update(row(2, version: 6), replacing: row(2, version: 5)),
      .append(event(1, 1)),
      .put(item(1, version: 4), replacing: nil),
      .put(item(1, version: 4), replacing: 2),
      .put(item(2, version: 4), replacing: 3),
    ]
    for change in refused {
      #expect(try await store.write([change]) == .conflict(at: 0), "\(change)")
    }
    #expect(try await store.registration(at: .numbered(1)) == row(1, version: 5))
    #expect(try await store.registration(at: .numbered(2)) == nil)
    #expect(try await store.item(at: item(1).locator) == item(1, version: 3))
    #expect(try await store.item(at: item(2).locator) == nil)

    let accepted: [RegistryWrite] = [
      .update(row(1, version: 6), replacing: row(1, version: 5)), .append(event(1, 2)),
      .put(item(1, version: 4), replacing: 3),
    ]
    for change in accepted { #expect(try await store.write([change]) == .applied) }
    #expect(try await store.write([accepted[0]]) == .conflict(at: 0))
  }

  @Test("of many who replace one version, exactly one does (G2)", arguments: StoreFactory.all)
  func compareAndSet(factory: StoreFactory) async throws {
    let test = try await factory.open()
    defer { test.keepAlive() }
    let store = test.store
    _ = try await store.write([.insert(row(1)), .insert(row(2))])
    let outcomes = try await withThrowingTaskGroup(of: WriteOutcome.self) { group in
      for day in 0..<64 as Range<Int64> {
        group.addTask {
          try await store.write([
            .update(row(1, day: day, version: 2), replacing: row(1)),
            .put(item(Int(day)), replacing: nil),
          ])
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(outcomes.count { $0 == .applied } == 1)
    #expect(try await store.statistics().items == 1)
    let winner = try #require(try await store.registration(at: .numbered(1)))
    #expect(try await store.item(at: item(Int(winner.lastActiveDay)).locator) != nil)
  }

  @Test("a batch may have 500 changes", arguments: StoreFactory.all)
  func largestBatch(factory: StoreFactory) async throws {
    let test = try await factory.open()
    defer { test.keepAlive() }
    let batch = (0..<500).map { RegistryWrite.insert(row($0)) }
    #expect(try await test.store.write(batch) == .applied)
    #expect(try await test.store.statistics().registrations == [.bound: 500])
  }

  @Test("events come in order, from after a number, bounded", arguments: StoreFactory.all)
  func events(factory: StoreFactory) async throws {
    let test = try await factory.open()
    defer { test.keepAlive() }
    let store = test.store
    #expect(try await store.lastEvent(of: .numbered(1)) == nil)
    _ = try await store.write((1...9).map { .append(event(1, $0)) } + [.append(event(2, 1))])
    let all = try await store.events(of: .numbered(1), after: 0, limit: 100)
    #expect(all.map(\.sequence) == Array(1...9))
    let some = try await store.events(of: .numbered(1), after: 3, limit: 2)
    #expect(some == [event(1, 4), event(1, 5)])
    #expect(try await store.events(of: .numbered(1), after: 9, limit: 2).isEmpty)
    #expect(try await store.events(of: .numbered(1), after: .max, limit: 2).isEmpty)
    #expect(try await store.lastEvent(of: .numbered(1)) == event(1, 9))
  }

  @Test(
    "removing takes items whose expiry day lies before, at most so many",
    arguments: StoreFactory.all)
  func expiry(factory: StoreFactory) async throws {
    let test = try await factory.open()
    defer { test.keepAlive() }
    let store = test.store
    _ = try await store.write(
      (1...10).map { .put(item($0, expiryDay: Int64($0)), replacing: nil) }
        + [.put(item(11, expiryDay: .max), replacing: nil)])
    #expect(try await store.removeItems(expiredBefore: 1, limit: 100) == 0)
    #expect(try await store.removeItems(expiredBefore: 6, limit: 2) == 2)
    #expect(try await store.item(at: item(3).locator) != nil, "the longest expired go first")
    #expect(try await store.removeItems(expiredBefore: 6, limit: 100) == 3)
    #expect(try await store.item(at: item(6).locator) != nil)
    #expect(try await store.removeItems(expiredBefore: .max, limit: 100) == 5)
    #expect(try await store.statistics().items == 1)
  }

  @Test("a closed store says so", arguments: StoreFactory.all)
  func closed(factory: StoreFactory) async throws {
    let test = try await factory.open()
    defer { test.keepAlive() }
    let store = test.store
    _ = try await store.write([.insert(row(1))])
    try await store.close()
    await #expect(throws: RegistryError.store(.closed)) {
      _ = try await store.registration(at: .numbered(1))
    }
    await #expect(throws: RegistryError.store(.closed)) {
      _ = try await store.write([.insert(row(2))])
    }
    await #expect(throws: RegistryError.store(.closed)) {
      _ = try await store.removeItems(expiredBefore: 1, limit: 1)
    }
    await #expect(throws: RegistryError.store(.closed)) { _ = try await store.statistics() }
    await #expect(throws: RegistryError.store(.closed)) { try await store.close() }
  }
}
