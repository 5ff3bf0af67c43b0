import CampaignSupport
import Foundation
import ProveKeyModel
import ProveKeySealing
import ProveKeyTesting
import StoreTestSupport
import Testing

@testable import ProveDeviceRegistry

/// What a copy of the files, an error or a log line gives away.
@Suite("Confidentiality", .inTurn)
struct ConfidentialityTests {
  /// Texts that must not be found in any file, by name.
  private func secrets(_ device: TestDevice) -> [String: [UInt8]] {
    [
      "deviceId": Array(device.deviceID.rawValue.utf8),
      "number": Array("2001004014".utf8), "proveId": Array("prove-lorant".utf8),
      "visitorId": Array("visitor-secret".utf8), "customer": Array("customer-secret".utf8),
      "human": Array("human-secret".utf8), "tenant": Array("shop-secret".utf8),
      "reason": Array("reason-secret".utf8), "actor": Array("actor-secret".utf8),
      "build config": Array("US_UAT".utf8), "public key": device.publicKey.bytes,
    ]
  }

  @Test("no id, number, name, reason or key stands in the clear in the files")
  func files() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("registry.sqlite")
    let store = try SQLiteRegistryStore(at: path, unlock: .rawKey(try .random()))
    let registry = try await DeviceRegistry(
      store: store, scope: .scope("shop-secret", .usUAT), policy: .persistent)
    let device = try TestDevice()
    let challenge = registry.issueChallenge()
    try await registry.place(
      try device.offer(for: challenge), for: challenge, on: .web,
      clientCustomerID: try ClientCustomerID(validating: "customer-secret"),
      clientHumanID: try ClientHumanID(validating: "human-secret"),
      visitorID: try VisitorID(validating: "visitor-secret"), actor: "actor-secret")
    try await registry.bind(device.deviceID, to: .lorant, proveID: .lorant)
    try await registry.unbind(device.deviceID, reason: "reason-secret", actor: "actor-secret")

    for isOpen in [true, false] {
      if !isOpen { try await registry.close() }
      var bytes: [UInt8] = []
      for suffix in ["", "-wal", "-shm", "-journal"] {
        guard FileManager.default.fileExists(atPath: path + suffix) else { continue }
        bytes += try Data(contentsOf: URL(filePath: path + suffix))
      }
      let data = Data(bytes)
      #expect(data.range(of: Data("registration_by_phone".utf8)) != nil, "the search finds")
      for (name, secret) in secrets(device) {
        #expect(data.range(of: Data(secret)) == nil, "\(name)")
      }
      // The number as an integer is no better hidden than as text.
      let digits = Data([0, 0, 0, 2, 0xCB, 0x50, 0xC9, 0xEE])
      #expect(data.range(of: digits) == nil)
    }
  }

  @Test("nothing that is printed names a person or a key")
  func descriptions() async throws {
    let world = try await World(.persistent)
    let device = try await world.boundDevice(proveID: .lorant, visitor: "visitor-secret")
    let decision = try await world.decide(with: device)
    var texts: [String] = []
    texts.append("\(try await world.registration(of: device))")
    texts.append("\(decision)")
    texts.append(String(reflecting: decision))
    texts.append("\(try await world.registry.events(of: device.deviceID))")
    let errors: [RegistryError] = [
      .deviceIDTaken, .damaged(table: "event"), .model(.malformed(field: "actor")),
      .store(.failed(code: 1)), .unlock(.wrongKey),
    ]
    texts += errors.map { "\($0)" }
    for (name, secret) in secrets(device) where name != "public key" {
      let secret = String(decoding: secret, as: UTF8.self)
      for text in texts { #expect(!text.contains(secret), "\(name) in \(text)") }
    }
    #expect(!texts.joined().contains(try decision.needed.text))
  }
}
