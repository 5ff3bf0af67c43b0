import Foundation
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import ProveKeyTesting
import ProveKeyVault
import Synchronization

/// A registry of 20,000 keys over thirty days.
///
/// Each day 400 devices that were there from the start prove their key and authenticate, 1,600
/// authentications more are recorded, 100 keys are placed and bound, 50 revoked, the data of ten people
/// is erased and the sweep runs.
struct RegistryMonth {
  let folder: String

  private static let start = UTCInstant(millisecondsSinceEpoch: 1_790_000_000_000)

  func run() async throws -> [Day] {
    let path = folder + "/registry-month"
    let clock = ManualClock(Self.start)
    let registry = try await MemorySubject.registry(at: path, clock.wall)
    let others = SyntheticRegistrations(count: 19_600, seed: 1, until: Self.start)
    try await registry.generate(others)
    let live = others.filter { $0.isServing && !$0.isInactive(at: Self.start, afterMonths: 6) }
      .map(\.deviceID)
    var devices: [SimulatedDevice] = []
    for number in 0..<400 { devices.append(try await joined(registry, number)) }
    var joinedIDs: [DeviceID] = []
    var days = [try await day(0, path, registry)]
    for number in 1...30 {
      clock.advance(days: 1)
      for device in devices {
        let challenge = registry.issueChallenge()
        let decision = try await registry.decide(
          KeyRequest(channel: .mobile), presenting: try device.assertion(for: challenge),
          for: challenge)
        guard case .authenticate = decision.outcome else { throw Failure(what: "a key is refused") }
        try await registry.complete(decision)
      }
      for turn in 0..<1_600 {
        try await registry.recordAuthentication(of: live[(turn * 10 + number) % live.count])
      }
      for _ in 0..<100 {
        joinedIDs.append(try await joined(registry, 1_000 + joinedIDs.count).deviceID)
      }
      for turn in 0..<50 { try await registry.revoke(joinedIDs[(number - 1) * 100 + turn]) }
      for turn in 50..<60 {
        let person = try Self.number(1_000 + (number - 1) * 100 + turn)
        _ = try await registry.erase(.phoneNumber(person))
      }
      while try await !registry.sweep().isComplete {}
      days.append(try await day(number, path, registry))
    }
    guard try await registry.verify().problems.isEmpty else {
      throw Failure(what: "the registry is not sound after a month")
    }
    try await registry.close()
    return days
  }

  private func joined(_ registry: DeviceRegistry, _ number: Int) async throws -> SimulatedDevice {
    let device = try SimulatedDevice()
    let challenge = registry.issueChallenge()
    try await registry.place(
      try device.offer(for: challenge), for: challenge, on: DeviceDescription(kind: .mobile))
    try await registry.bind(device.deviceID, to: try Self.number(number))
    return device
  }

  private static func number(_ number: Int) throws -> PhoneNumber {
    try PhoneNumber("+1200" + String(1_000_000 + number))
  }

  private func day(_ number: Int, _ path: String, _ registry: DeviceRegistry) async throws -> Day {
    let counts = try await registry.statistics()
    return try Day(
      number, path: path,
      rows: [
        "registrations": counts.registrations.values.reduce(0, +), "events": counts.events,
        "items": counts.items,
      ])
  }
}

/// A vault of ten keys and 2,000 values of localStorage over thirty days, compacted at the end.
///
/// Each day a tenth of the values is written anew, a twentieth goes and as many come, each key signs
/// twenty times; every tenth day the data key is rotated.
struct VaultMonth {
  let folder: String

  private static let items = 2_000

  func run() throws -> [Day] {
    let path = folder + "/vault-month"
    let vault = try KeyVault.create(at: path, unlock: try MemorySubject.unlock)
    var keys: [DeviceID] = []
    for number in 0..<10 {
      let scope = try MemorySubject.scope(number)
      keys.append(
        try vault.confirmKey(try vault.placeKey(in: scope).deviceID, in: scope).deviceID)
    }
    let storage = try vault.localStorage(for: try MemorySubject.scope().origin)
    var names = (0..<Self.items).map { "item-\($0)" }
    for name in names { try storage.setItem(name, value(name, 0)) }
    var days = [try day(0, path, vault)]
    for number in 1...30 {
      for turn in 0..<Self.items / 10 {
        let name = names[(turn * 10 + number) % names.count]
        try storage.setItem(name, value(name, number))
      }
      for turn in 0..<Self.items / 20 {
        let place = (turn * 17 + number * 3) % names.count
        try storage.removeItem(names[place])
        names[place] = "item-\(number)-\(turn)"
        try storage.setItem(names[place], value(names[place], number))
      }
      for key in keys { for _ in 0..<20 { _ = try vault.sign(MemorySubject.challenge, with: key) } }
      if number.isMultiple(of: 10) { _ = try vault.rotate() }
      days.append(try day(number, path, vault))
    }
    _ = try vault.compact()
    days.append(try day(31, path, vault))
    guard try vault.verify().isSound else { throw Failure(what: "the vault is not sound") }
    try vault.close()
    return days
  }

  private func value(_ name: String, _ day: Int) -> String {
    String(repeating: "\(name) of day \(day); ", count: 1 + day % 8)
  }

  private func day(_ number: Int, _ path: String, _ vault: KeyVault) throws -> Day {
    try Day(number, path: path, rows: ["records": try vault.info().records])
  }
}

/// Counts the readings of a clock.
final class Ticks: Sendable {
  private let count = Atomic<Int64>(0)

  func next() -> Int64 { count.wrappingAdd(1, ordering: .relaxed).newValue }
}

extension UTCInstant {
  func adding(seconds: Int64) -> UTCInstant {
    UTCInstant(millisecondsSinceEpoch: millisecondsSinceEpoch + seconds * 1_000)
  }
}
