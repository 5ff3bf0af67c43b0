import ProveDeviceRegistry
import ProveKeySealing

private typealias Sample = SampleRows

// Events and items: their order, their details, and how they go.

extension StoreCheck {
  func eventsAreNew() async throws {
    let event = Sample.event(1, 1, detailDay: 5)
    try await applied([.append(event), .append(Sample.event(1, 2))])
    try await refused(.append(event), "an event that is there")
    try await refused(.append(Sample.event(1, 1)), "an event in the place of another")
    let found = try await store.events(of: event.device, after: 0, limit: 9)
    try expect(found == [event, Sample.event(1, 2)], "an event changed with a conflict")
    try await applied([.append(Sample.event(2, 1))], "the first event of another registration")
  }

  func eventsInOrder() async throws {
    let device = Sample.locator(1)
    try expect(try await store.lastEvent(of: device) == nil, "an event is there too early")
    // The numbers pass one byte, and come in another order than they are read in.
    let numbers: [UInt64] = [300, 1, 2, 9, 10, 255, 256, 4]
    try await applied(numbers.map { .append(Sample.event(1, $0)) } + [.append(Sample.event(2, 1))])
    let inOrder = numbers.sorted()
    let all = try await store.events(of: device, after: 0, limit: 100)
    try expect(all == inOrder.map { Sample.event(1, $0) }, "another order: \(all.map(\.sequence))")
    let some = try await store.events(of: device, after: 9, limit: 2)
    try expect(some.map(\.sequence) == [10, 255], "\(some.map(\.sequence)) after 9, two of them")
    for end in [300, UInt64.max] {
      let none = try await store.events(of: device, after: end, limit: 2)
      try expect(none.isEmpty, "events after the last")
    }
    let last = try await store.lastEvent(of: device)
    try expect(last == Sample.event(1, 300), "\(last?.sequence ?? 0) is read as the last of 300")
    let numbersRead = [9, 2, 8, 1, 7]
    let several = try await store.lastEvents(of: numbersRead.map { Sample.locator($0) })
    try expect(
      several == [nil, Sample.event(2, 1), nil, Sample.event(1, 300), nil],
      "the last events of several in another order")
  }

  func allEventsInOrder() async throws {
    var expected: [StoredEvent] = []
    for number in [1, 2, 255, 256, 70_000] {
      expected += (1...(number == 2 ? 1 : 4)).map { Sample.event(number, UInt64($0)) }
    }
    try await applied(expected.reversed().map { .append($0) })
    for limit in [1, 3, 1000] {
      var found: [StoredEvent] = []
      while true {
        let page = try await store.events(after: found.last?.position, limit: limit)
        found += page
        if page.isEmpty || found.count > 100 { break }
      }
      try expect(found == expected, "another order, or other events, by \(limit)")
    }
    let between = EventPosition(device: Sample.locator(3), sequence: 7)
    let rest = try await store.events(after: between, limit: 1)
    try expect(rest == [Sample.event(255, 1)], "it begins elsewhere after a place without an event")
  }

  func detailsByDay() async throws {
    let days: [(number: Int, day: Int64?)] = [
      (1, 30), (2, nil), (3, 10), (4, 20), (5, -3), (6, 20),
    ]
    try await applied(days.map { .append(Sample.event($0.number, 1, detailDay: $0.day)) })
    for (day, expected) in [(21, [5, 3, 4, 6]), (20, [5, 3]), (-3, []), (.max, [5, 3, 4, 6, 1])]
      as [(Int64, [Int])]
    {
      let found = try await store.events(withDetailBefore: day, limit: 100)
      let numbers = found.map(\.device.sampleNumber)
      try expect(numbers == expected, "\(numbers) and not \(expected) before day \(day)")
    }
    let two = try await store.events(withDetailBefore: 21, limit: 2)
    try expect(two.map(\.device.sampleNumber) == [5, 3], "not the oldest two")
    try expect(two.first == Sample.event(5, 1, detailDay: -3), "the detail is another")
  }

  func redaction() async throws {
    let (event, kept) = (Sample.event(1, 1, detailDay: 5), Sample.event(1, 2, detailDay: 5))
    try await applied([.append(event), .append(kept), .append(Sample.event(2, 1))])
    try await refused(.redact(Sample.event(1, 3)), "the redaction of an event that is not there")
    for round in ["once", "twice"] {
      try await applied([.redact(event)], "a redaction \(round)")
      let found = try await store.events(of: event.device, after: 0, limit: 9)
      try expect(found == [Sample.event(1, 1), kept], "other events after redacting \(round)")
    }
    try await applied([.redact(Sample.event(2, 1))], "the redaction of what has no detail")
    let left = try await store.events(withDetailBefore: .max, limit: 9)
    try expect(left == [kept], "a redacted event is listed as having a detail")
    try await refused(.append(event), "an event in the place of a redacted one")
  }

  func itemsAreRemoved() async throws {
    let (gone, kept) = (Sample.item(1), Sample.item(2))
    try await applied([.put(gone, replacing: nil), .put(kept, replacing: nil)])
    for round in ["once", "twice"] {
      try await applied([.removeItem(gone.locator)], "the removal of an item \(round)")
      try expect(try await store.item(at: gone.locator) == nil, "a removed item is there")
    }
    try expect(try await store.item(at: kept.locator) == kept, "another item went with it")
    try await applied([.put(gone, replacing: nil)], "a new item in the place of a removed one")
  }

  func itemsExpire() async throws {
    try await applied(
      (1...10).map { .put(Sample.item($0, expiryDay: Int64($0)), replacing: nil) }
        + [.put(Sample.item(11, expiryDay: .max), replacing: nil)])
    let steps: [(day: Int64, limit: Int, removed: Int, left: Int)] = [
      (1, 100, 0, 1), (6, 0, 0, 1), (6, -1, 0, 1), (6, 2, 2, 3), (6, 100, 3, 6), (.max, 100, 5, 11),
    ]
    for (day, limit, removed, left) in steps {
      let count = try await store.removeItems(expiredBefore: day, limit: limit)
      try expect(count == removed, "\(count) removed before day \(day) with limit \(limit)")
      let item = try await store.item(at: Sample.item(left).locator)
      try expect(item != nil, "one was removed that had longer to live")
      let others = try await store.statistics().items
      try expect(others == 12 - left, "\(others) items are left of \(12 - left)")
    }
  }
}
