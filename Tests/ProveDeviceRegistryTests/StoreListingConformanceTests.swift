import ProveKeySealing
import Testing

@testable import ProveDeviceRegistry

/// The contract G3 and G5 of `RegistryStore`: listings and candidates, for every store.
@Suite("A registry store's listings")
struct StoreListingConformanceTests {
  static let candidates = StoredListing.candidates(visitor: .visitor, sinceDay: .min)

  @Test(
    "run from the latest day down, then by device down, also page by page (G5)",
    arguments: StoreFactory.all, [1, 3, 7, 1000])
  func order(factory: StoreFactory, limit: Int) async throws {
    let test = try await factory.open()
    defer { test.keepAlive() }
    let store = test.store
    // Three to a day, so that pages end within days; the days run against the numbers.
    let days: [Int64] = [30, 20, 40, 20, 30, 40, -5, 20, 30, 40, -5, -5]
    _ = try await store.write(
      days.enumerated().map { number, day in
        .insert(
          row(number, day: day, prove: .prove, customer: .customer, human: .human))
      })
    let expected = [9, 5, 2, 8, 4, 0, 7, 3, 1, 11, 10, 6]
    let listings: [StoredListing] = [
      .state(.bound), .visitor(.visitor), .phoneNumber(.phone), .proveID(.prove),
      .clientCustomerID(.customer), .clientHumanID(.human), Self.candidates,
      .candidatesWithNumber(visitor: .visitor, phoneNumber: .phone, sinceDay: .min),
      .candidatesWithProveID(visitor: .visitor, proveID: .prove, sinceDay: .min),
      .boundAndIdle(beforeDay: 40),
    ]
    for listing in listings {
      #expect(try await store.numbers(listing, by: limit) == expected, "\(listing)")
    }
  }

  @Test("hold what was asked for and nothing else", arguments: StoreFactory.all)
  func subjects(factory: StoreFactory) async throws {
    let test = try await factory.open()
    defer { test.keepAlive() }
    let store = test.store
    let other = Locator.numbered(2, 8)
    _ = try await store.write([
      .insert(row(1, .placed, phone: nil)), .insert(row(2, .bound)),
      .insert(row(3, .unbound)), .insert(row(4, .revoked)), .insert(row(5, .dormant)),
      .insert(row(6, visitor: other, phone: other, prove: other, customer: other, human: other)),
      .insert(row(7, visitor: nil, customer: .customer)),
      .insert(row(8, phone: other, prove: .prove, human: .human)),
    ])
    #expect(try await store.numbers(.state(.placed)) == [1])
    #expect(try await store.numbers(.state(.bound)) == [8, 7, 6, 2])
    #expect(try await store.numbers(.state(.unbound)) == [3])
    #expect(try await store.numbers(.state(.revoked)) == [4])
    #expect(try await store.numbers(.state(.dormant)) == [5])
    #expect(try await store.numbers(.visitor(.visitor)) == [8, 5, 4, 3, 2, 1])
    #expect(try await store.numbers(.phoneNumber(.phone)) == [7, 5, 4, 3, 2])
    #expect(try await store.numbers(.proveID(.prove)) == [8])
    #expect(try await store.numbers(.clientCustomerID(.customer)) == [7])
    #expect(try await store.numbers(.clientHumanID(.human)) == [8])
    #expect(try await store.numbers(Self.candidates) == [8, 2])
    #expect(
      try await store.numbers(
        .candidatesWithNumber(visitor: .visitor, phoneNumber: .phone, sinceDay: 0)) == [2])
    #expect(
      try await store.numbers(
        .candidatesWithProveID(visitor: .visitor, proveID: .prove, sinceDay: 0)) == [8])
    #expect(try await store.numbers(.boundAndIdle(beforeDay: 100)) == [8, 7, 6, 2])
  }

  @Test("know the days that they are bounded by to the day", arguments: StoreFactory.all)
  func days(factory: StoreFactory) async throws {
    let test = try await factory.open()
    defer { test.keepAlive() }
    let store = test.store
    _ = try await store.write((1...5).map { .insert(row($0, day: Int64($0) * 10)) })
    #expect(
      try await store.numbers(.candidates(visitor: .visitor, sinceDay: 30)) == [5, 4, 3])
    #expect(
      try await store.numbers(
        .candidatesWithNumber(visitor: .visitor, phoneNumber: .phone, sinceDay: 31)) == [5, 4])
    #expect(try await store.numbers(.boundAndIdle(beforeDay: 30), by: 2) == [3, 2, 1])
    #expect(try await store.numbers(.boundAndIdle(beforeDay: 29)) == [2, 1])
  }

  @Test(
    "list a candidate exactly while it is bound and has the visitor (G3)",
    arguments: StoreFactory.all)
  func candidacy(factory: StoreFactory) async throws {
    let test = try await factory.open()
    defer { test.keepAlive() }
    let store = test.store
    let other = Locator.numbered(2, 1)
    let life: [(StoredRegistration, isOfVisitor: Bool, isOfOther: Bool)] = [
      (row(1, .placed, version: 1, phone: nil), false, false),
      (row(1, .bound, version: 2), true, false),
      (row(1, .bound, day: 101, version: 3, phone: .numbered(5, 2)), true, false),
      (row(1, .bound, version: 4, visitor: other), false, true),
      (row(1, .unbound, version: 5, visitor: other), false, false),
      (row(1, .bound, version: 6, visitor: nil), false, false),
      (row(1, .bound, version: 7), true, false),
      (row(1, .dormant, version: 8), false, false),
      (row(1, .bound, version: 9), true, false),
      (row(1, .revoked, version: 10), false, false),
    ]
    var before: StoredRegistration?
    for (row, isOfVisitor, isOfOther) in life {
      let change: RegistryWrite =
        before.map { .update(row, replacing: $0) } ?? .insert(row)
      #expect(try await store.write([change]) == .applied)
      let ofVisitor = try await store.all(Self.candidates)
      #expect(ofVisitor == (isOfVisitor ? [row] : []), "version \(row.version)")
      let ofOther = try await store.all(.candidates(visitor: other, sinceDay: .min))
      #expect(ofOther == (isOfOther ? [row] : []), "version \(row.version)")
      #expect(try await store.statistics().candidates == (isOfVisitor || isOfOther ? 1 : 0))
      before = row
    }
  }

  @Test("are bounded by 1 and 1,000 whatever is asked for", arguments: StoreFactory.all)
  func bounds(factory: StoreFactory) async throws {
    let test = try await factory.open()
    defer { test.keepAlive() }
    let store = test.store
    for start in stride(from: 0, to: 1200, by: 400) {
      _ = try await store.write((start..<start + 400).map { .insert(row($0)) })
    }
    let counts: [(limit: Int, found: Int)] = [(1, 1), (1000, 1000), (5000, 1000), (0, 1), (-3, 1)]
    for (limit, found) in counts {
      let rows = try await store.registrations(in: .state(.bound), after: nil, limit: limit)
      #expect(rows.count == found)
    }
  }

  @Test("and counts agree", arguments: StoreFactory.all)
  func statistics(factory: StoreFactory) async throws {
    let test = try await factory.open()
    defer { test.keepAlive() }
    let store = test.store
    _ = try await store.write([
      .insert(row(1)), .insert(row(2)), .insert(row(3, .revoked)), .append(event(1, 1)),
      .append(event(1, 2)), .put(item(1), replacing: nil),
    ])
    let counts = try await store.statistics()
    #expect(counts.registrations == [.bound: 2, .revoked: 1])
    #expect(counts.candidates == 2)
    #expect(counts.events == 2)
    #expect(counts.items == 1)
    #expect((counts.byteCount ?? 1) > 0)
    #expect(try await store.structureProblems().isEmpty)
  }
}
