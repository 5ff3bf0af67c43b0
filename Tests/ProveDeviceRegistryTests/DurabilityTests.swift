import CampaignSupport
import Foundation
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import ProveKeyTesting
import StoreTestSupport
import Testing

@testable import ProveDeviceRegistry

/// Q1: what was acknowledged is there after the process was killed (G1).
@Suite("Durability", .inTurn)
struct DurabilityTests {
  /// 50 rounds, or 1,000 in the long campaign.
  private static var rounds: Int {
    ProcessInfo.processInfo.environment["PROVE_KEY_STORE_LONG"] == nil ? 50 : 1000
  }

  @Test("every acknowledged write survives SIGKILL, and nothing is half-written")
  func killed() async throws {
    let folder = try TemporaryFolder()
    let (path, key) = (folder.file("registry.sqlite"), folder.file("registry.key"))
    try KeyFile.create(at: key)
    var acknowledged: [String: String] = [:]
    for round in 0..<Self.rounds {
      let acknowledgements = folder.file("acknowledged-\(round)")
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [path = path as String, key = key as String, acknowledgements = acknowledgements as String]
        in
        try await KilledWriter.run(path, key, acknowledgements)
      }
      let text = try String(contentsOfFile: acknowledgements, encoding: .utf8)
      // Later lines of a device stand for later states.
      for line in text.split(separator: "\n") {
        let words = line.split(separator: " ")
        acknowledged[String(words[1])] = String(words[0])
      }
      try await Self.check(path, key, acknowledged)
    }
    #expect(acknowledged.count > Self.rounds)
    #expect(Set(acknowledged.values) == ["bound", "revoked"])
  }

  private static func check(
    _ path: String, _ key: String, _ acknowledged: [String: String]
  ) async throws {
    let store = try SQLiteRegistryStore.openExisting(at: path, unlock: .keyFile(key))
    let registry = try await DeviceRegistry(store: store, scope: .shop)
    for (id, state) in acknowledged {
      let found = try await registry.registration(try DeviceID(validating: id))
      let name = found?.state.name.rawValue
      // A killed revocation may have taken effect without being acknowledged, never the reverse.
      #expect(
        name == state || (state == "bound" && name == "revoked"), "\(state), \(name ?? "gone")")
    }
    #expect(try await registry.verify().problems == [])
    try await registry.close()
  }
}

/// The child: four tasks write and acknowledge until one of them kills the process.
private enum KilledWriter {
  static func run(_ path: String, _ key: String, _ acknowledgements: String) async throws {
    let store = try SQLiteRegistryStore(at: path, unlock: .keyFile(key))
    let registry = try await DeviceRegistry(store: store, scope: .shop)
    let log = unsafe open(acknowledgements, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    let remaining = Locked(Int.random(in: 4...60))
    // One call of write each: what the kernel took outlives the process.
    let acknowledge: @Sendable (String, DeviceID) -> Void = { state, id in
      let line = Array("\(state) \(id.rawValue)\n".utf8)
      let written = unsafe line.withUnsafeBytes { unsafe write(log, $0.baseAddress, $0.count) }
      precondition(written == line.count)
      let isLast = remaining.withLock { remaining in
        remaining -= 1
        return remaining <= 0
      }
      if isLast { kill(getpid(), SIGKILL) }
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          while true {
            let device = try TestDevice()
            let challenge = registry.issueChallenge()
            try await registry.place(
              try device.offer(for: challenge), for: challenge, on: .mobile)
            try await registry.bind(device.deviceID, to: .lorant)
            acknowledge("bound", device.deviceID)
            guard Bool.random() else { continue }
            try await registry.revoke(device.deviceID)
            acknowledge("revoked", device.deviceID)
          }
        }
      }
      try await group.waitForAll()
    }
  }
}
