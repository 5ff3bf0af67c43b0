import Foundation
import ProveKeyModel
import ProveKeyTesting
import Testing

@testable import ProveDeviceRegistry

/// What is left of a person once the person was erased.
@Suite("Erasure", .onEveryFile, .namingEngines)
struct ErasureTests {
  @Test("takes a person's registrations and facts, keeps the chains checkable, and says how much")
  func person() async throws {
    let world = try await World(
      try RegistryPolicy(keyPersistence: true, eventDetail: .everyDecision))
    let first = try await world.boundDevice(proveID: .lorant, visitor: "visitor-1")
    let second = try await world.boundDevice(proveID: .lorant)
    let other = try await world.boundDevice(to: .inge, visitor: "visitor-2")
    try await world.registry.revoke(second.deviceID, reason: "Lorant called")
    _ = try await world.decide(.mobile(.jesse), with: first)
    _ = try await world.registry.decide(.browser(visitor: .named("visitor-9")))
    let before = try await world.registry.events(of: first.deviceID)
    #expect(before.contains { $0.detail?.decision != nil })

    let receipt = try await world.registry.erase(.phoneNumber(.lorant))
    #expect(receipt.subject == "phoneNumber")
    #expect(receipt.registrations == 2)
    // One decision of the first device, one note, one decision about the number alone.
    #expect(receipt.details == 3)
    #expect(receipt.erasedAt == world.clock.now)

    #expect(try await world.registry.registration(first.deviceID) == nil)
    #expect(
      try await world.registry.registrations(of: .phoneNumber(.lorant)).registrations.isEmpty)
    #expect(try await world.registry.candidates(of: Visitor.named().id).isEmpty)
    let after = try await world.registry.events(of: first.deviceID)
    #expect(after.map(\.kind) == before.map(\.kind) + [.erased])
    #expect(after.allSatisfy { $0.detail == nil })
    #expect(after.contains { $0.isRedacted })
    #expect(try await world.registry.events(of: second.deviceID).allSatisfy { $0.note == nil })
    #expect(try await world.decide(with: first).row == .d5, "it is unknown now")
    #expect(try await world.decide(.mobile(.inge), with: other).row == .d10)
    #expect(try await world.registry.verify().problems == [])
    let again = try await world.registry.erase(.phoneNumber(.lorant))
    #expect(again.registrations == 0)
  }

  @Test("never lets an erased deviceId be used again (R9)")
  func idStaysUsed() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    _ = try await world.registry.erase(.deviceID(device.deviceID))
    #expect(try await world.registry.verify().problems == [])
    await #expect(throws: RegistryError.deviceIDTaken) { try await world.place(device) }
    await #expect(throws: RegistryError.unknownDevice) {
      try await world.registry.revoke(device.deviceID)
    }
  }

  @Test(
    "finds a person by number, consumer, customer, person or device, and nobody else",
    arguments: ["number", "consumer", "customer", "human", "device"])
  func bySubject(_ name: String) async throws {
    let world = try await World()
    let device = try TestDevice()
    try await world.bind(device, proveID: .lorant, customer: "customer-1", human: "human-1")
    let other = try TestDevice()
    try await world.bind(
      other, to: .inge, proveID: .inge, customer: "customer-2", human: "human-2")
    let subject: PersonalSubject =
      switch name {
      case "number": .phoneNumber(.lorant)
      case "consumer": .proveID(.lorant)
      case "customer": .clientCustomerID(try ClientCustomerID(validating: "customer-1"))
      case "human": .clientHumanID(try ClientHumanID(validating: "human-1"))
      default: .deviceID(device.deviceID)
      }
    #expect(try await world.registry.erase(subject).registrations == 1)
    #expect(try await world.registry.registration(device.deviceID) == nil)
    #expect(try await world.registry.registration(other.deviceID) != nil)
  }

  @Test("takes an event that comes while it is under way along")
  func race() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    for _ in 0..<20 { _ = try await world.decide(.mobile(.jesse), with: device) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { _ = try await world.registry.erase(.phoneNumber(.lorant)) }
      for _ in 0..<8 {
        group.addTask {
          // Either decision is right: before the erasure the key is known, afterwards it is not.
          _ = try await world.decide(.mobile(.jesse), with: device)
        }
      }
      try await group.waitForAll()
    }
    #expect(try await world.registry.registration(device.deviceID) == nil)
    let events = try await world.registry.events(of: device.deviceID, limit: 1000)
    #expect(events.allSatisfy { $0.detail == nil })
    #expect(events.last?.kind == .erased, "nothing comes after an erasure")
  }

  @Test("overwrites what was deleted: no file of the store holds the sealed rows any longer")
  func overwritten() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    try await world.registry.revoke(device.deviceID, reason: "a note")
    let row = try #require(
      try await world.store.registration(at: world.registry.codec.locator(of: device.deviceID)))
    let detail = try #require(
      try await world.store.lastEvent(of: world.registry.codec.locator(of: device.deviceID))?
        .detail)
    let needles = [row.sealed, detail.sealed].map { Data($0.suffix(48)) }
    func found() throws -> Int {
      var count = 0
      for suffix in ["", "-wal"] {
        let url = URL(fileURLWithPath: world.path + suffix)
        let content = try Data(contentsOf: url)
        count += needles.count { content.range(of: $0) != nil }
      }
      return count
    }
    #expect(try found() > 0)
    _ = try await world.registry.erase(.deviceID(device.deviceID))
    #expect(try found() == 0)
  }
}

/// What a person is given of what is held about the person.
@Suite("Personal data", .onEveryFile, .namingEngines)
struct PersonalDataTests {
  @Test("holds every registration and event of a person, as JSON, and nothing of anybody else")
  func whole() async throws {
    let world = try await World()
    let device = try await world.boundDevice(proveID: .lorant, visitor: "visitor-1")
    let revoked = try await world.boundDevice(proveID: .lorant)
    try await world.registry.revoke(revoked.deviceID, reason: "a \"note\"")
    let other = try await world.boundDevice(to: .inge, proveID: .inge)
    _ = try await world.decide(.mobile(.jesse), with: device)
    let data = try await world.registry.personalData(of: .phoneNumber(.lorant))
    #expect(Set(data.registrations.map(\.deviceID)) == [device.deviceID, revoked.deviceID])
    #expect(data.at == world.clock.now)
    let root = try #require(
      try JSONSerialization.jsonObject(with: Data(data.json)) as? [String: Any])
    #expect(root["subject"] as? String == "phoneNumber")
    let entries = try #require(root["registrations"] as? [[String: Any]])
    #expect(entries.count == 2)
    let text = String(decoding: data.json, as: UTF8.self)
    for part in [device.deviceID.rawValue, "+12001004014", "visitor-1", #"a \"note\""#, "D8"] {
      #expect(text.contains(part), "\(part)")
    }
    #expect(!text.contains(other.deviceID.rawValue))
    #expect(!text.contains("prove-inge"))
    let events = entries.flatMap { $0["events"] as? [[String: Any]] ?? [] }
    #expect(events.count == 6)
    #expect(events.contains { ($0["request"] as? [String: Any])?["phoneNumber"] != nil })
  }

  @Test("is empty for somebody who is not known, and after an erasure")
  func empty() async throws {
    let world = try await World()
    _ = try await world.boundDevice()
    #expect(try await world.registry.personalData(of: .phoneNumber(.jesse)).registrations.isEmpty)
    _ = try await world.registry.erase(.phoneNumber(.lorant))
    let after = try await world.registry.personalData(of: .phoneNumber(.lorant))
    #expect(after.registrations.isEmpty)
    #expect(after.events.isEmpty)
  }
}
