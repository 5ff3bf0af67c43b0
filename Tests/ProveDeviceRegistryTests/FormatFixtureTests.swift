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
@Suite("A registry of an older format")
struct FormatFixtureTests {
  private let folder: TemporaryFolder
  private let unlock: UnlockMethod
  private let path: String
  private let clock = ManualClock(.start)

  init() throws {
    folder = try TemporaryFolder()
    let key = folder.file("registry.key")
    path = folder.file("registry.sqlite")
    let fixture =
      URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
      + "/Fixtures/format-1.registry"
    try Data(repeating: UInt8(ascii: "Q"), count: 32).write(to: URL(fileURLWithPath: key))
    try FileManager.default.copyItem(atPath: fixture, toPath: path)
    for file in [key, path] {
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
    }
    unlock = .keyFile(key)
    clock.advance(months: 13)
  }

  private func open() async throws -> DeviceRegistry {
    let store = try SQLiteRegistryStore.openExisting(at: path, unlock: unlock)
    return try await DeviceRegistry(
      store: store, scope: .shop, policy: .persistent, clock: clock.wall)
  }

  @Test("is brought up to date with every key, event and note, and has set digests from then on")
  func opened() async throws {
    let registry = try await open()
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
    let registry = try await open()
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
}
