import CampaignSupport
import Foundation
import ProveKeyModel
import ProveKeySealing
import ProveKeyTesting
import StoreTestSupport
import Testing

@testable import ProveDeviceRegistry

/// A file of each released format is opened, read, written to and verified by today's code (M2).
///
/// `format-1.registry` was made by the code of format 1 under a key file of 32 bytes `Q`: six keys of
/// one visitor, of which one is placed, one unbound, one revoked, two inactive and one bound.
/// `format-2.registry` is of format 2 under the same key: six keys of one visitor, of which one is
/// suspended, one revoked, one unbound and three are bound; some ids are UUIDs or hexadecimal, one is
/// neither, and every decision was kept. `format-3.registry` holds 48 synthetic registrations in every
/// state but disconnected, listed by the indexes of format 3, after a sweep.
@Suite("A registry of an older format", .inTurn)
struct FormatFixtureTests {
  private let folder: TemporaryFolder
  private let unlock: UnlockMethod
  private let path: String
  private let clock = ManualClock(.start)

  init() throws {
    folder = try TemporaryFolder()
    let key = folder.file("registry.key")
    path = folder.file("registry.sqlite")
    try Data(repeating: UInt8(ascii: "Q"), count: 32).write(to: URL(fileURLWithPath: key))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
    unlock = .keyFile(key)
    clock.advance(months: 13)
  }

  /// Puts the file of a format in place and opens it.
  private func open(format: Int) async throws -> DeviceRegistry {
    let fixture =
      URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
      + "/Fixtures/format-\(format).registry"
    try FileManager.default.copyItem(atPath: fixture, toPath: path)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    return try await open()
  }

  private func open() async throws -> DeviceRegistry {
    let store = try SQLiteRegistryStore.openExisting(at: path, unlock: unlock)
    return try await DeviceRegistry(
      store: store, scope: .shop, policy: .persistent, clock: clock.wall)
  }

  @Test("is brought up to date with every key, event and note, and has set digests from then on")
  func opened() async throws {
    let registry = try await open(format: 1)
    let report = try await registry.verify()
    #expect(report.problems == [])
    #expect(report.hasSetDigests)
    #expect(report.registrations == 6)
    #expect(report.events == 15)
    let visitor = try VisitorID(validating: "visitor-1")
    let page = try await registry.registrations(of: .visitor(visitor))
    #expect(page.registrations.count == 6)
    for key in page.registrations {
      #expect(key.suspendedAt == nil)
      #expect(key.binding?.disconnectedAt == nil)
      #expect(key.device.capabilities == ["webauthn"])
    }
    let revoked = try #require(page.registrations.first { $0.isRevoked })
    // Format 1 kept a note in the place of the reason.
    #expect(try await registry.events(of: revoked.deviceID).last?.reason == "customer call")
    let candidates = try await registry.candidates(of: visitor)
    #expect(candidates.count == 1)
    try await registry.close()
  }

  @Test("takes what is new: suspension, decisions with their facts, erasure")
  func changed() async throws {
    let registry = try await open(format: 1)
    let visitor = try VisitorID(validating: "visitor-1")
    let bound = try #require(try await registry.candidates(of: visitor).first)
    try await registry.suspend(bound.deviceID)
    let request = KeyRequest.browser(stored: bound.deviceID)
    #expect(try await registry.decide(request).reason == .storedDeviceSuspended)
    #expect(try await registry.replay().agrees)
    try await registry.resume(bound.deviceID)
    #expect(try await registry.decide(request).outcome == .recover(bound.deviceID))
    #expect(try await registry.verify().problems == [])
    try await registry.close()
    let again = try await open()
    #expect(try await again.erase(.phoneNumber(.lorant)).registrations == 5)
    #expect(try await again.verify().problems == [])
    try await again.close()
  }

  private static let ids = [
    "11111111-2222-4333-8444-555555555555", "six", "caf\u{E9}", "device-two", "deadbeef",
    "AAAAAAAA-BBBB-4CCC-8DDD-EEEEEEEEEEEE",
  ]

  @Test("of format 2 holds every key with its numbers, times and counters, and every decision")
  func second() async throws {
    let registry = try await open(format: 2)
    let report = try await registry.verify()
    #expect(report.problems == [])
    #expect(report.registrations == 6)
    #expect(report.events == 28)
    let replay = try await registry.replay()
    #expect(replay.agrees)
    #expect(replay.reproduced == 9)
    let visitor = try VisitorID(validating: "0123456789abcdef0123")
    let keys = try await registry.registrations(of: .visitor(visitor)).registrations
    #expect(keys.map(\.deviceID.rawValue) == Self.ids)
    let first = keys[0]
    #expect(first.binding?.phoneNumber == .lorant)
    #expect(first.binding?.proveID?.rawValue == "00112233445566778899aabbccddeeff")
    #expect(first.clientCustomerID?.rawValue == "customer-0")
    #expect(first.placedAt.iso8601 == "2025-01-01T00:00:00.000Z")
    #expect(first.lastAuthenticatedAt?.iso8601 == "2025-02-03T00:00:00.123Z")
    #expect(first.replayWindow?.highest == 5)
    #expect([2, 3, 4].allSatisfy { first.replayWindow?.verdict(on: $0) == .used })
    #expect(first.version == 9)
    #expect(keys[2].device.name == "Phone of Zo\u{EB}")
    #expect(
      keys.map { StoredRegistration.State($0).name } == [
        "bound", "bound", "bound", "suspended", "unbound", "revoked",
      ])
    try await registry.close()
  }

  @Test("of format 3 has every key in each listing that it belongs to, and nowhere else")
  func third() async throws {
    let registry = try await open(format: 3)
    let report = try await registry.verify()
    #expect(report.problems == [])
    #expect(report.registrations == 48)
    #expect(report.events == 55)
    var keys: [KeyRegistration] = []
    try await registry.exportRegistrations { page throws(RegistryError) in keys += page }
    #expect(keys.count == 48)
    var queries: Set<RegistrationQuery> = []
    var expected: [RegistrationQuery: Set<DeviceID>] = [:]
    for key in keys {
      let found: [RegistrationQuery?] = [
        key.visitorID.map { .visitor($0) },
        key.association.map { .phoneNumber($0.phoneNumber) },
        key.association?.proveID.map { .proveID($0) },
        key.clientCustomerID.map { .clientCustomerID($0) },
        key.clientHumanID.map { .clientHumanID($0) },
      ]
      for query in found.compactMap(\.self) {
        queries.insert(query)
        expected[query, default: []].insert(key.deviceID)
      }
    }
    #expect(expected.count > 48)
    for query in queries {
      let page = try await registry.registrations(of: query)
      #expect(page.registrations.count == expected[query]?.count)
      #expect(Set(page.registrations.map(\.deviceID)) == expected[query])
    }
    let serving = keys.filter { $0.isServing && $0.visitorID != nil && $0.deactivatedAt == nil }
    #expect(try await registry.statistics().candidates == serving.count)
    try await registry.close()
  }

  @Test("of format 2 has each row and event written anew in today's form beside older ones")
  func secondChanged() async throws {
    let registry = try await open(format: 2)
    for id in Self.ids {
      let id = try DeviceID(validating: id)
      let before = try #require(try await registry.registration(id))
      if before.isRevoked { continue }
      try await registry.rename(id, to: "Renamed")
      let after = try #require(try await registry.registration(id))
      #expect(after.deviceID == id)
      #expect(after.publicKey == before.publicKey)
      #expect(after.state == before.state)
      #expect(after.placedAt == before.placedAt)
      #expect(after.lastAuthenticatedAt == before.lastAuthenticatedAt)
      #expect(after.suspendedAt == before.suspendedAt)
      #expect(after.replayWindow == before.replayWindow)
      #expect(after.visitorID == before.visitorID)
      #expect(after.clientCustomerID == before.clientCustomerID)
      // The new event's chain goes on from an event of the older format.
      let events = try await registry.events(of: id)
      #expect(Set(events.map(\.format)) == [2, 3])
    }
    #expect(try await registry.verify().problems == [])
    try await registry.close()
    let again = try await open()
    #expect(try await again.verify().problems == [])
    try await again.close()
  }
}
