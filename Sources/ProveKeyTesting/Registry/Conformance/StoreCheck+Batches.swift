import ProveDeviceRegistry
import ProveKeySealing

private typealias Sample = SampleRows

// G1, G2 and G4: what is read, and what takes effect.

extension StoreCheck {
  func readsWhatWasWritten() async throws {
    for number in 1...40 {
      let row = Sample.row(
        number, StoredRegistration.State.allCases[number % 7], day: Int64(number - 20) * 10_000,
        version: number == 7 ? UInt64(Int64.max) : UInt64(number),
        epoch: number == 8 ? .max : UInt32(number),
        visitor: number % 3 == 0 ? nil : Sample.visitor, phone: Sample.phone,
        prove: number % 4 == 0 ? nil : Sample.prove,
        customer: number % 5 == 0 ? nil : Sample.customer,
        human: number % 2 == 0 ? Sample.human : nil)
      let event = Sample.event(number, 1, detailDay: number % 2 == 0 ? Int64(number) : nil)
      let item = Sample.item(number, version: UInt64(number), expiryDay: number == 9 ? .max : 50)
      try expect(try await store.registration(at: row.device) == nil, "a row is there too early")
      try await applied([.insert(row), .append(event), .put(item, replacing: nil)])
      try await expectStored(row, "than was written")
      try expect(try await store.lastEvent(of: row.device) == event, "another event is read")
      try expect(try await store.item(at: item.locator) == item, "another item is read")
    }
  }

  func otherHandlesRead() async throws {
    let other = try await open()
    for number in 1...10 {
      let row = Sample.row(number)
      try await applied([.insert(row)])
      try expect(
        try await other.registration(at: row.device) == row, "another handle reads another")
      let next = Sample.row(number, version: 2)
      let outcome = try await other.write([.update(next, replacing: row)], as: WriteID())
      try expect(outcome == .applied, "another handle's write was answered \(outcome)")
      try await expectStored(next, "than another handle wrote")
      try await refused(
        .update(Sample.row(number, version: 2), replacing: row), "a change of what another changed")
    }
    try expect(
      other.keys.locator("conformance") == store.keys.locator("conformance"),
      "two handles have different keys")
    try await other.close()
  }

  func staysWhenClosed() async throws {
    let (row, event, item) = (Sample.row(1), Sample.event(1, 1, detailDay: 3), Sample.item(1))
    try await applied([.insert(row), .append(event), .put(item, replacing: nil)])
    let locator = store.keys.locator("conformance")
    try await store.close()
    let again = try await open()
    let found = try await again.registration(at: row.device)
    try expect(found == row, "the registration is lost or another")
    try expect(try await again.lastEvent(of: row.device) == event, "the event is lost or another")
    try expect(try await again.item(at: item.locator) == item, "the item is lost or another")
    try expect(again.keys.locator("conformance") == locator, "the keys are others")
    try await again.close()
  }

  func readsSeveral() async throws {
    try await applied((1...300).map { .insert(Sample.row($0)) })
    let numbers = [3, 900, 1, 2, 901, 300]
    let found = try await store.registrations(at: numbers.map { Sample.locator($0) })
    let expected = numbers.map { $0 <= 300 ? Sample.row($0) : nil }
    try expect(found == expected, "another order, or other rows")
    let many = try await store.registrations(at: (1...1000).map { Sample.locator($0) })
    try expect(many.count == 1000, "\(many.count) answers to 1,000 questions")
    try expect(many.count { $0 != nil } == 300, "\(many.count { $0 != nil }) of 300 rows")
  }

  func wholeOrNothing() async throws {
    let before = Sample.row(50)
    try await applied([
      .insert(before), .insert(Sample.row(60)), .insert(Sample.row(70)),
      .append(Sample.event(50, 1, detailDay: 1)), .put(Sample.item(50), replacing: nil),
      .put(Sample.item(51), replacing: nil),
    ])
    let batch: [RegistryWrite] = [
      .insert(Sample.row(1)), .update(Sample.row(50, .revoked, version: 2), replacing: before),
      .append(Sample.event(50, 2)), .put(Sample.item(50, version: 2), replacing: 1),
      .remove(Sample.row(70)), .redact(Sample.event(50, 1)), .removeItem(Sample.item(51).locator),
    ]
    let counts = try await store.statistics()
    for place in 0...batch.count {
      var batch = batch
      batch.insert(.insert(Sample.row(60, .placed)), at: place)
      let outcome = try await write(batch)
      try expect(outcome == .conflict(at: place), "a conflict at \(place) is answered \(outcome)")
      try await expectStored(before, "after a batch that conflicts at \(place)")
      try await expectStored(Sample.row(60), "after a batch that conflicts at \(place)")
      try await expectStored(Sample.row(70), "after a batch that conflicts at \(place)")
      let event = try await store.lastEvent(of: before.device)
      try expect(event == Sample.event(50, 1, detailDay: 1), "an event changed at \(place)")
      for number in [50, 51] {
        let item = try await store.item(at: Sample.item(number).locator)
        try expect(item == Sample.item(number), "an item changed at \(place)")
      }
      let after = try await store.statistics()
      try expect(
        after.registrations == counts.registrations && after.candidates == counts.candidates
          && after.events == counts.events && after.items == counts.items,
        "counts changed with a batch that conflicts at \(place)")
      try await expect(.candidates(visitor: Sample.visitor, sinceDay: 0), has: [70, 60, 50])
    }
  }

  func namesTheFirstConflict() async throws {
    try await applied([.insert(Sample.row(1)), .put(Sample.item(1), replacing: nil)])
    let outcome = try await write([
      .insert(Sample.row(2)), .put(Sample.item(1), replacing: nil), .insert(Sample.row(1)),
    ])
    try expect(outcome == .conflict(at: 1), "conflicts at 1 and 2 are answered \(outcome)")
  }

  func largestBatch() async throws {
    try await applied((0..<500).map { .insert(Sample.row($0)) }, "a batch of 500")
    let count = try await store.statistics().registrations[.bound]
    try expect(count == 500, "\(count ?? 0) of 500 rows are there")
  }

  func registrationsAreCompared() async throws {
    let row = Sample.row(1, version: 5)
    try await applied([.insert(row)])
    let next = Sample.row(1, version: 6)
    try await refused(.insert(next), "an insert under a deviceId in use")
    try await refused(
      .update(next, replacing: Sample.row(1, version: 4)), "an update of an old row")
    try await refused(.update(next, replacing: next), "an update of a row that is yet to come")
    try await refused(
      .update(Sample.row(2, version: 6), replacing: Sample.row(2, version: 5)), "an update of none")
    try await expectStored(row, "after conflicts")
    try expect(
      try await store.registration(at: Sample.locator(2)) == nil, "a row came from nowhere")
    try await applied([.update(next, replacing: row)], "an update of the present row")
    try await expectStored(next, "after an update")
    try await refused(.update(next, replacing: row), "the same update once more")
  }

  func removalsAreCompared() async throws {
    let row = Sample.row(1, version: 5)
    try await applied([.insert(row), .append(Sample.event(1, 1)), .insert(Sample.row(2))])
    try await refused(.remove(Sample.row(1, version: 4)), "the removal of an old row")
    try await refused(.remove(Sample.row(3)), "the removal of none")
    try await expectStored(row, "after conflicts")
    try await applied([.remove(row)], "the removal of the present row")
    try expect(try await store.registration(at: row.device) == nil, "a removed row is there")
    try await expect(.candidates(visitor: Sample.visitor, sinceDay: 0), has: [2])
    try await expect(.state(.bound), has: [2])
    try expect(
      try await store.lastEvent(of: row.device) == Sample.event(1, 1), "its events went with it")
    try await refused(.remove(row), "the same removal once more")
    try await applied([.insert(row)], "an insert in the place of a removed row")
  }

  func itemsAreCompared() async throws {
    let item = Sample.item(1, version: 3)
    try await applied([.put(item, replacing: nil)])
    let next = Sample.item(1, version: 4)
    try await refused(.put(next, replacing: nil), "a new item where there is one")
    try await refused(.put(next, replacing: 2), "the replacement of an old item")
    try await refused(.put(Sample.item(2), replacing: 3), "the replacement of none")
    try expect(try await store.item(at: item.locator) == item, "an item changed with a conflict")
    try expect(try await store.item(at: Sample.item(2).locator) == nil, "an item from nowhere")
    try await applied([.put(next, replacing: 3)], "the replacement of the present item")
    try expect(try await store.item(at: item.locator) == next, "the replacement is not there")
  }

  func oneWriterWins() async throws {
    try await applied([.insert(Sample.row(1))])
    let outcomes = try await withThrowingTaskGroup(of: WriteOutcome.self) { group in
      for number in 0..<64 {
        group.addTask {
          try await self.write([
            .update(Sample.row(1, day: Int64(number), version: 2), replacing: Sample.row(1)),
            .put(Sample.item(number), replacing: nil),
          ])
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    let count = outcomes.count { $0 == .applied }
    try expect(count == 1, "\(count) of 64 were applied")
    try expect(outcomes.allSatisfy { $0 == .applied || $0 == .conflict(at: 0) }, "\(outcomes)")
    try expect(try await store.statistics().items == 1, "a loser left something behind")
    guard let winner = try await store.registration(at: Sample.locator(1)) else {
      throw Broken("the row is gone")
    }
    let item = Sample.item(Int(winner.lastActiveDay))
    try expect(try await store.item(at: item.locator) == item, "the winner's batch is not whole")
  }
}
