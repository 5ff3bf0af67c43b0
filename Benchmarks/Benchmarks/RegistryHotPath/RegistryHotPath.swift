import Dispatch
import Foundation
import ProveDeviceRegistry
import ProveDeviceRegistryPostgres
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import ProveKeyTesting
import Synchronization

/// One piece of the registry's hot work, repeated: for counting instructions and for looking at where
/// they go.
///
/// - `RegistryHotPath make STORE` makes a registry of 5,000 registrations.
/// - `RegistryHotPath WORK COUNT STORE` does the work so many times.
///
/// STORE is a file, or libpq's connection string when it has a `=`. Two runs with different counts
/// give the instructions of one call: what is done once falls out of the difference. Of PostgreSQL's
/// work the program's own part is counted, not the server's.
@main
struct RegistryHotPath {
  /// Waits for the work: valgrind does not outlive what an asynchronous main does to its thread.
  static func main() {
    SQLiteRegistryStore.stopCountingMemory()
    let words = Array(CommandLine.arguments.dropFirst())
    let isDone = DispatchSemaphore(value: 0)
    Task.detached {
      do { try await run(words) } catch {
        FileHandle.standardError.write(Data("RegistryHotPath: \(error)\n".utf8))
        exit(1)
      }
      isDone.signal()
    }
    isDone.wait()
  }

  private static func run(_ words: [String]) async throws {
    if words.count == 2, words[0] == "make" {
      let registry = try await open(words[1])
      try await registry.generate(registrations)
      return try await registry.close()
    }
    guard words.count == 3, let work = Work(rawValue: words[0]), let count = Int(words[1]),
      count > 0
    else {
      let names = Work.allCases.map(\.rawValue).joined(separator: "|")
      FileHandle.standardError.write(
        Data("usage: RegistryHotPath make STORE | \(names) COUNT STORE\n".utf8))
      exit(2)
    }
    let registry = try await open(words[2])
    try await work.perform(count, on: registry)
    try await registry.close()
  }

  static var registrations: SyntheticRegistrations {
    SyntheticRegistrations(count: 5_000, seed: 1, until: day)
  }

  static let day = UTCInstant(millisecondsSinceEpoch: 1_790_000_000_000)

  private static func open(_ place: String) async throws -> DeviceRegistry {
    let unlock = UnlockMethod.rawKey(try RawKey([UInt8](repeating: 7, count: 32).span))
    let store: any RegistryStore =
      place.contains("=")
      ? try await PostgresRegistryStore.open(place, unlock: unlock)
      : try SQLiteRegistryStore(at: place, unlock: unlock)
    let readings = Readings()
    // A second on with every reading, so that each authentication changes something.
    let clock = WallClock {
      let seconds = readings.next()
      return UTCInstant(millisecondsSinceEpoch: day.millisecondsSinceEpoch + seconds * 1_000)
    }
    return try await DeviceRegistry(
      store: store, scope: try RegistryScope(tenant: "bench", buildConfig: .usUAT), clock: clock)
  }
}

/// Counts the readings of a clock.
private final class Readings: Sendable {
  private let count = Atomic<Int64>(0)

  func next() -> Int64 { count.wrappingAdd(1, ordering: .relaxed).newValue }
}

/// The pieces of work.
enum Work: String, CaseIterable {
  /// A look-up by deviceId.
  case resolve
  /// 100 look-ups in one call, by the call.
  case resolve100
  /// The best candidate of a visitor.
  case candidate
  /// An authentication that somebody else decided, recorded.
  case record
  /// The decision on a presented key: challenge, signature, rules.
  case decide
  /// The same, completed: the whole authentication.
  case authenticate

  func perform(_ count: Int, on registry: DeviceRegistry) async throws {
    let keys = Array(RegistryHotPath.registrations)
    let ids = keys.map(\.deviceID)
    switch self {
    case .resolve:
      for index in 0..<count {
        try require(try await registry.registration(ids[(index * 7919) % ids.count]) != nil)
      }
    case .resolve100:
      for index in 0..<count {
        let some = (0..<100).map { ids[((index * 100 + $0) * 7919) % ids.count] }
        try require(try await registry.resolve(some).count == 100)
      }
    case .candidate:
      let visitors = keys.filter(\.isServing).compactMap(\.visitorID)
      for index in 0..<count {
        _ = try await registry.candidates(of: visitors[(index * 31) % visitors.count], limit: 1)
      }
    case .record:
      let live = keys.filter {
        $0.isServing && !$0.isInactive(at: RegistryHotPath.day, afterMonths: 11)
      }.map(\.deviceID)
      for index in 0..<count {
        try await registry.recordAuthentication(of: live[(index * 31) % live.count])
      }
    case .decide, .authenticate: try await authenticate(count, on: registry)
    }
  }

  private func authenticate(_ count: Int, on registry: DeviceRegistry) async throws {
    let device = try SimulatedDevice()
    let challenge = registry.issueChallenge()
    try await registry.place(
      try device.offer(for: challenge), for: challenge, on: DeviceDescription(kind: .mobile))
    let number = try PhoneNumber("+12001004014")
    try await registry.bind(device.deviceID, to: number)
    let request = KeyRequest(channel: .mobile, phoneNumber: number)
    // The device's own signing is counted too: a layer of its own in the table.
    for _ in 0..<count {
      let challenge = registry.issueChallenge()
      let decision = try await registry.decide(
        request, presenting: try device.assertion(for: challenge), for: challenge)
      guard case .authenticate = decision.outcome else { throw Failure() }
      if self == .authenticate { try await registry.complete(decision) }
    }
  }

  private func require(_ isRight: Bool) throws {
    if !isRight { throw Failure() }
  }
}

/// The work did not do what it should.
struct Failure: Error {}
