import Foundation
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import ProveKeyVault

/// How much memory a process has at some stage.
struct MemoryStage: Codable {
  var subject: String
  var stage: String
  /// In memory now, the program's own code and libraries included.
  var residentKilobytes: Int
  /// The most there was.
  var peakKilobytes: Int
  /// Kept from being swapped out: where secrets are.
  var lockedKilobytes: Int

  init(_ subject: MemorySubject, _ stage: String) throws {
    self.subject = subject.rawValue
    self.stage = stage
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    func kilobytes(_ name: String) throws -> Int {
      guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(name + ":") }),
        let value = line.split(whereSeparator: \.isWhitespace).dropFirst().first,
        let number = Int(value)
      else { throw Failure(what: "no \(name)") }
      return number
    }
    residentKilobytes = try kilobytes("VmRSS")
    peakKilobytes = try kilobytes("VmHWM")
    lockedKilobytes = try kilobytes("VmLck")
  }
}

/// Whose memory is measured.
enum MemorySubject: String, CaseIterable {
  case nothing
  case vaultOf10Keys
  case vaultOf100000Records
  case registryOf100000

  private static let day = UTCInstant(millisecondsSinceEpoch: 1_790_000_000_000)
  private static let registrations = 100_000
  private static let records = 100_000

  static var unlock: UnlockMethod {
    get throws { .rawKey(try RawKey([UInt8](repeating: 7, count: 32).span)) }
  }

  static let challenge = [UInt8](repeating: 5, count: 32)

  static func scope(_ number: Int = 0) throws -> KeyScope {
    try KeyScope(buildConfig: .usUAT, origin: "https://shop\(number).example")
  }

  static func registry(at path: String, _ clock: WallClock) async throws -> DeviceRegistry {
    try await DeviceRegistry(
      store: try SQLiteRegistryStore(at: path, unlock: try unlock),
      scope: try RegistryScope(tenant: "bench", buildConfig: .usUAT), clock: clock)
  }

  /// Makes what is measured, in files.
  static func prepare(in folder: String) async throws {
    for (subject, count) in [(vaultOf10Keys, 0), (vaultOf100000Records, records)] {
      let vault = try KeyVault.create(at: subject.path(in: folder), unlock: try unlock)
      for number in 0..<10 {
        let scope = try scope(number)
        _ = try vault.confirmKey(try vault.placeKey(in: scope).deviceID, in: scope)
      }
      if count > 0 { try fill(vault, count) }
      try vault.close()
    }
    let registry = try await registry(
      at: registryOf100000.path(in: folder), WallClock { day })
    try await registry.generate(synthetic)
    try await registry.close()
  }

  private static var synthetic: SyntheticRegistrations {
    SyntheticRegistrations(count: registrations, seed: 1, until: day)
  }

  private static func fill(_ vault: KeyVault, _ count: Int) throws {
    let origin = try scope().origin
    let database = try vault.database("records", for: origin, version: 1) { upgrade in
      _ = try upgrade.createStore("records", autoIncrement: true)
    }
    for start in stride(from: 0, to: count, by: 1_000) {
      try database.write("records") { transaction in
        for number in start..<start + 1_000 {
          try transaction.put(
            .string("a record of some eighty characters, as settings have: \(number)"))
        }
      }
    }
    database.close()
  }

  func path(in folder: String) -> String { "\(folder)/\(rawValue)" }

  /// Opens and uses it, in this process.
  func measure(in folder: String) async throws -> [MemoryStage] {
    switch self {
    case .nothing: return [try MemoryStage(self, "started")]
    case .vaultOf10Keys, .vaultOf100000Records: return try vault(path(in: folder))
    case .registryOf100000: return try await registry(path(in: folder))
    }
  }

  private func vault(_ path: String) throws -> [MemoryStage] {
    let vault = try KeyVault.openExisting(at: path, unlock: try Self.unlock)
    var stages = [try MemoryStage(self, "opened")]
    for number in 0..<10 {
      guard let key = try vault.currentKey(in: try Self.scope(number)) else {
        throw Failure(what: "a key is missing")
      }
      for _ in 0..<100 { _ = try vault.sign(Self.challenge, with: key.deviceID) }
    }
    stages.append(try MemoryStage(self, "1,000 signatures later"))
    try vault.close()
    return stages
  }

  private func registry(_ path: String) async throws -> [MemoryStage] {
    let ticks = Ticks()
    let registry = try await Self.registry(
      at: path, WallClock { Self.day.adding(seconds: ticks.next()) })
    var stages = [try MemoryStage(self, "opened")]
    let keys = Array(Self.synthetic)
    let ids = keys.map(\.deviceID)
    let live = keys.filter { $0.isServing && !$0.isInactive(at: Self.day, afterMonths: 6) }
      .map(\.deviceID)
    stages.append(try MemoryStage(self, "with the list of ids that is asked from"))
    try await together(8, 200_000) { turn in
      guard try await registry.registration(ids[turn * 7919 % ids.count]) != nil else {
        throw Failure(what: "a registration is missing")
      }
    }
    stages.append(try MemoryStage(self, "200,000 look-ups by 8 tasks later"))
    try await together(64, 50_000) { turn in
      try await registry.recordAuthentication(of: live[turn * 31 % live.count])
    }
    stages.append(try MemoryStage(self, "50,000 authentications by 64 tasks later"))
    try await registry.close()
    return stages
  }

  private func together(
    _ tasks: Int, _ count: Int, _ work: @escaping @Sendable (Int) async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<tasks {
        group.addTask {
          for turn in stride(from: task, to: count, by: tasks) { try await work(turn) }
        }
      }
      try await group.waitForAll()
    }
  }
}
