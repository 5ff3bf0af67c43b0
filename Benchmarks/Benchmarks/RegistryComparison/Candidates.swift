import Foundation
import ProveDeviceRegistry
import ProveKeyModel

/// S4: one of a visitor's candidates, of whom it has 1, 100 or 10,000.
struct Candidates {
  let folder: String
  private static let counts = [1, 100, 10_000]

  func run(into report: inout Report) async throws {
    let sample = Sample(folder: folder, count: 10_101)
    let path = folder + "/visitors.sqlite"
    for suffix in ["", "-wal", "-shm", "-owner"]
    where FileManager.default.fileExists(atPath: path + suffix) {
      try FileManager.default.removeItem(atPath: path + suffix)
    }
    let registry = try await Sample.registry(
      on: try SQLiteRegistryStore(at: path, unlock: try Sample.unlock))
    var bringing = RegistrationImport(into: registry)
    var left = sample.registrations
    var visitors: [VisitorID] = []
    for count in Self.counts {
      let visitor = try VisitorID(validating: "visitor-\(count)")
      visitors.append(visitor)
      for index in 0..<count {
        guard let model = left.next() else { throw Failure(what: "too few registrations") }
        let key = try KeyRegistration(
          placing: model.publicKey, as: model.deviceID, on: DeviceDescription(kind: .web),
          visitorID: visitor, at: model.placedAt
        ).bound(
          to: try PhoneNumber("+12001004014"), proveID: nil,
          at: UTCInstant(
            millisecondsSinceEpoch: Sample.day.millisecondsSinceEpoch - Int64(index) * 100_000))
        try await bringing.take(RegistrationDocument(key).line)
      }
    }
    guard try await bringing.finish().imported == 10_101 else {
      throw Failure(what: "candidates are missing")
    }
    var means = [[Double]](repeating: [], count: visitors.count)
    for round in 0..<10 {
      for (index, visitor) in visitors.enumerated() {
        let start = ContinuousClock.now
        for _ in 0..<5_000 {
          guard try await registry.candidates(of: visitor, limit: 1).count == 1 else {
            throw Failure(what: "no candidate")
          }
        }
        // The first round fills the caches.
        if round > 0 {
          means[index].append(start.duration(to: .now) / .nanoseconds(1) / 5_000)
        }
      }
    }
    for (index, count) in Self.counts.enumerated() {
      var result = Report.Result(
        figure: "S4", work: "pick one of a visitor's candidates", contestant: "ours")
      result.setting.rows = count
      result.nanoseconds = means[index].median
      (result.least, result.most) = (means[index].min(), means[index].max())
      result.ratio = zip(means[index], means[0]).map { $0 / $1 }.median
      result.reference = "one candidate"
      report.add(result)
    }
    try await registry.close()
  }
}
