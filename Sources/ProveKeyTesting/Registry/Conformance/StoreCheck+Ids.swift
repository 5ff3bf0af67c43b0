import ProveDeviceRegistry
import ProveKeySealing

private typealias Sample = SampleRows

// G9: batches that are written again.

extension StoreCheck {
  func writtenAgain() async throws {
    let (row, next) = (Sample.row(1), Sample.row(1, version: 2))
    let id = WriteID()
    let batch: [RegistryWrite] = [
      .insert(row), .append(Sample.event(1, 1)), .put(Sample.item(1), replacing: nil),
    ]
    func again(_ when: String) async throws {
      let outcome = try await store.write(batch, as: id)
      try expect(outcome == .applied, "\(when) it is answered \(outcome)")
    }
    try await again("the first time")
    try await again("at once")
    try await expectStored(row, "after writing again")
    let other = try await write(batch)
    try expect(other == .conflict(at: 0), "the same batch under another id is answered \(other)")
    try await applied([.update(next, replacing: row)])
    try await again("after its row moved on")
    try await expectStored(next, "after writing again")
    try await applied([.remove(next), .removeItem(Sample.item(1).locator)])
    try await again("after its row went")
    try expect(try await store.registration(at: row.device) == nil, "it came back")
    try expect(try await store.item(at: Sample.item(1).locator) == nil, "its item came back")
    let counts = try await store.statistics()
    try expect(counts.events == 1 && counts.candidates == 0, "it left something behind")
  }

  func writtenAgainAtOnce() async throws {
    for round in 0..<(effort == .full ? 100 : 10) {
      let id = WriteID()
      let batch: [RegistryWrite] = [
        .insert(Sample.row(round)), .append(Sample.event(round, 1)),
        .put(Sample.item(round), replacing: nil),
      ]
      let outcomes = try await withThrowingTaskGroup(of: WriteOutcome.self) { group in
        for _ in 0..<8 { group.addTask { try await store.write(batch, as: id) } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      try expect(outcomes.allSatisfy { $0 == .applied }, "answered \(outcomes)")
      try await expectStored(Sample.row(round), "after writing many times")
    }
  }

  func refusedAgain() async throws {
    let id = WriteID()
    let batch: [RegistryWrite] = [.insert(Sample.row(2)), .insert(Sample.row(1))]
    try await applied([.insert(Sample.row(1))])
    for _ in 0..<2 {
      let outcome = try await store.write(batch, as: id)
      try expect(outcome == .conflict(at: 1), "a conflict is answered \(outcome)")
    }
    try await applied([.remove(Sample.row(1))])
    let outcome = try await store.write(batch, as: id)
    try expect(outcome == .applied, "it is answered \(outcome) once nothing is in its way")
    try await expectStored(Sample.row(1), "after that")
    try await expectStored(Sample.row(2), "after that")
  }

  func remembersIDs() async throws {
    let id = WriteID()
    let first: [RegistryWrite] = [.put(Sample.item(0), replacing: nil)]
    let outcome = try await store.write(first, as: id)
    try expect(outcome == .applied, "the first batch was answered \(outcome)")
    try await writeMany(effort == .full ? 10_000 : 500)
    try await applied([.removeItem(Sample.item(0).locator)])
    let again = try await store.write(first, as: id)
    try expect(again == .applied, "answered \(again)")
    try expect(try await store.item(at: Sample.item(0).locator) == nil, "it took effect again")
  }

  /// Writes so many batches, many at once.
  private func writeMany(_ count: Int) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<50 {
        group.addTask {
          for number in stride(from: writer, to: count, by: 50) {
            let item = Sample.item(1 + number)
            try await applied([.put(item, replacing: nil)])
          }
        }
      }
      try await group.waitForAll()
    }
  }
}
