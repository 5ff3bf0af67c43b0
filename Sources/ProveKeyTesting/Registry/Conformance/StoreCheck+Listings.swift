import ProveDeviceRegistry
import ProveKeySealing

private typealias Sample = SampleRows

// G3 and G5: which rows are listed, and in which order.

extension StoreCheck {
  private static let candidates = StoredListing.candidates(
    visitor: Sample.visitor, sinceDay: .min)

  func candidacy() async throws {
    let other = Sample.locator(2, 1)
    let life: [(row: StoredRegistration, isOfVisitor: Bool, isOfOther: Bool)] = [
      (Sample.row(1, .placed, version: 1, phone: nil), false, false),
      (Sample.row(1, .bound, version: 2), true, false),
      (Sample.row(1, .bound, day: 101, version: 3, phone: Sample.locator(5, 2)), true, false),
      (Sample.row(1, .bound, version: 4, visitor: other), false, true),
      (Sample.row(1, .unbound, version: 5, visitor: other), false, false),
      (Sample.row(1, .bound, version: 6, visitor: nil), false, false),
      (Sample.row(1, .bound, version: 7), true, false),
      (Sample.row(1, .suspended, version: 8), false, false),
      (Sample.row(1, .bound, version: 9), true, false),
      (Sample.row(1, .disconnected, version: 10), false, false),
      (Sample.row(1, .bound, version: 11), true, false),
      (Sample.row(1, .dormant, version: 12), false, false),
      (Sample.row(1, .bound, version: 13), true, false),
      (Sample.row(1, .revoked, version: 14), false, false),
    ]
    var before: StoredRegistration?
    for (row, isOfVisitor, isOfOther) in life {
      let change: RegistryWrite = before.map { .update(row, replacing: $0) } ?? .insert(row)
      try await applied([change])
      let ofVisitor = try await all(Self.candidates)
      try expect(ofVisitor == (isOfVisitor ? [row] : []), "wrong for \(row.state)")
      let ofOther = try await all(.candidates(visitor: other, sinceDay: .min))
      try expect(ofOther == (isOfOther ? [row] : []), "wrong for another visitor's \(row.state)")
      let count = try await store.statistics().candidates
      try expect(count == (isOfVisitor || isOfOther ? 1 : 0), "\(count) candidates counted")
      before = row
    }
    let late = try await all(
      .candidatesWithNumber(
        visitor: Sample.visitor, phoneNumber: Sample.locator(5, 2), sinceDay: .min))
    try expect(late.isEmpty, "a candidate is listed with a number that it had once")
  }

  func listingOrder() async throws {
    // Three to a day, so that pages end within days; the days run against the numbers.
    let days: [Int64] = [30, 20, 40, 20, 30, 40, -5, 20, 30, 40, -5, -5]
    try await applied(
      days.enumerated().map { number, day in
        .insert(
          Sample.row(
            number, day: day, prove: Sample.prove, customer: Sample.customer,
            human: Sample.human))
      })
    let expected = [9, 5, 2, 8, 4, 0, 7, 3, 1, 11, 10, 6]
    let listings: [StoredListing] = [
      .state(.bound), .visitor(Sample.visitor, .bound), Self.candidates,
      .candidatesWithNumber(
        visitor: Sample.visitor, phoneNumber: Sample.phone, sinceDay: .min),
      .candidatesWithProveID(visitor: Sample.visitor, proveID: Sample.prove, sinceDay: .min),
      .boundAndIdle(beforeDay: 40),
    ]
    for listing in listings {
      for limit in [1, 3, 7, 1000] { try await expect(listing, by: limit, has: expected) }
      // A place need not be that of a row: what stood there may be gone.
      let place = PagePosition(lastActiveDay: 25, device: Sample.locator(0))
      let rest = try await store.registrations(in: listing, after: place, limit: 2)
      try expect(
        rest.map(\.device.sampleNumber) == [7, 3],
        "\(Self.name(listing)) begins elsewhere after a place without a row")
    }
    try await orderByDevice()
  }

  /// As `listingOrder`, of the listings in which the day does not count.
  private func orderByDevice() async throws {
    let listings: [StoredListing] = [
      .phoneNumber(Sample.phone), .proveID(Sample.prove), .clientCustomerID(Sample.customer),
      .clientHumanID(Sample.human),
    ]
    for listing in listings {
      for limit in [1, 3, 7, 1000] {
        try await expect(listing, by: limit, has: Array((0..<12).reversed()))
      }
      for day: Int64 in [.min, 25, .max] {
        let place = PagePosition(lastActiveDay: day, device: Sample.locator(6))
        let rest = try await store.registrations(in: listing, after: place, limit: 2)
        try expect(
          rest.map(\.device.sampleNumber) == [5, 4],
          "\(Self.name(listing)) goes on elsewhere for the day \(day)")
      }
    }
  }

  func listingSubjects() async throws {
    let other = Sample.locator(2, 8)
    try await applied([
      .insert(Sample.row(1, .placed, phone: nil)), .insert(Sample.row(2, .bound)),
      .insert(Sample.row(3, .unbound)), .insert(Sample.row(4, .revoked)),
      .insert(Sample.row(5, .dormant)), .insert(Sample.row(9, .suspended)),
      .insert(Sample.row(10, .disconnected)),
      .insert(
        Sample.row(6, visitor: other, phone: other, prove: other, customer: other, human: other)),
      .insert(Sample.row(7, visitor: nil, customer: Sample.customer)),
      .insert(Sample.row(8, phone: other, prove: Sample.prove, human: Sample.human)),
    ])
    try await expect(.state(.placed), has: [1])
    try await expect(.state(.bound), has: [8, 7, 6, 2])
    try await expect(.state(.unbound), has: [3])
    try await expect(.state(.revoked), has: [4])
    try await expect(.state(.dormant), has: [5])
    try await expect(.state(.suspended), has: [9])
    try await expect(.state(.disconnected), has: [10])
    for (state, numbers): (StoredRegistration.State, [Int]) in [
      (.placed, [1]), (.bound, [8, 2]), (.unbound, [3]), (.revoked, [4]), (.dormant, [5]),
      (.suspended, [9]), (.disconnected, [10]),
    ] { try await expect(.visitor(Sample.visitor, state), has: numbers) }
    try await expect(.phoneNumber(Sample.phone), has: [10, 9, 7, 5, 4, 3, 2])
    try await expect(.proveID(Sample.prove), has: [8])
    try await expect(.clientCustomerID(Sample.customer), has: [7])
    try await expect(.clientHumanID(Sample.human), has: [8])
    try await expect(Self.candidates, has: [8, 2])
    try await expect(
      .candidatesWithNumber(visitor: Sample.visitor, phoneNumber: Sample.phone, sinceDay: 0),
      has: [2])
    try await expect(
      .candidatesWithProveID(visitor: Sample.visitor, proveID: Sample.prove, sinceDay: 0),
      has: [8])
    try await expect(.boundAndIdle(beforeDay: 100), has: [8, 7, 6, 2])
    try await expect(.visitor(Sample.locator(77, 1), .bound), has: [])
  }

  func listingDays() async throws {
    try await applied(
      (1...5).map { .insert(Sample.row($0, day: Int64($0) * 10, prove: Sample.prove)) })
    try await expect(.candidates(visitor: Sample.visitor, sinceDay: 30), has: [5, 4, 3])
    try await expect(
      .candidatesWithNumber(visitor: Sample.visitor, phoneNumber: Sample.phone, sinceDay: 31),
      has: [5, 4])
    try await expect(
      .candidatesWithProveID(visitor: Sample.visitor, proveID: Sample.prove, sinceDay: 40),
      has: [5, 4])
    try await expect(.boundAndIdle(beforeDay: 30), by: 2, has: [3, 2, 1])
    try await expect(.boundAndIdle(beforeDay: 29), has: [2, 1])
    let above = PagePosition(lastActiveDay: 50, device: Sample.locator(5))
    let rows = try await store.registrations(
      in: .boundAndIdle(beforeDay: 20), after: above, limit: 9)
    try expect(
      rows.map(\.device.sampleNumber) == [2, 1], "a position beyond the day undoes the day")
  }

  func listingBounds() async throws {
    for start in stride(from: 0, to: 1200, by: 400) {
      try await applied(
        (start..<start + 400).flatMap { number -> [RegistryWrite] in
          [.insert(Sample.row(number))]
        })
      try await applied((start..<start + 400).map { .append(Sample.event($0, 1, detailDay: 1)) })
    }
    for (limit, count) in [(1, 1), (1000, 1000), (5000, 1000), (0, 1), (-3, 1)] {
      let rows = try await store.registrations(in: .state(.bound), after: nil, limit: limit)
      try expect(rows.count == count, "\(rows.count) rows where \(limit) are asked for")
      let events = try await store.events(after: nil, limit: limit)
      try expect(events.count == count, "\(events.count) events where \(limit) are asked for")
      let detailed = try await store.events(withDetailBefore: 2, limit: limit)
      try expect(detailed.count == count, "\(detailed.count) details where \(limit) are asked for")
    }
  }
}
