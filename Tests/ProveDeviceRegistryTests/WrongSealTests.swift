import CampaignSupport
import ProveKeyModel
import ProveKeySealing
import Testing

@testable import ProveDeviceRegistry

/// A row whose seal is right, and whose columns are not those of the registration inside (G6).
///
/// Only a fault of ours, or somebody who has the key, makes one. A listing then gives a
/// registration to people whom it does not belong to.
@Suite("A row that was sealed wrong", .inTurn)
struct WrongSealTests {
  /// A column and what stands in it in the place of what the registration gives.
  struct Fault: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let change: @Sendable (inout RegistrationCodec.Columns, Locator) -> Void
  }

  static let faults = [
    Fault(testDescription: "another's visitor") { $0.visitor = $1 },
    Fault(testDescription: "no visitor") { columns, _ in columns.visitor = nil },
    Fault(testDescription: "another's number") { $0.phoneNumber = $1 },
    Fault(testDescription: "no number") { columns, _ in columns.phoneNumber = nil },
    Fault(testDescription: "another's proveId") { $0.proveID = $1 },
    Fault(testDescription: "another's customer") { $0.clientCustomerID = $1 },
    Fault(testDescription: "another's person") { $0.clientHumanID = $1 },
    Fault(testDescription: "another state") { columns, _ in columns.state = .suspended },
    Fault(testDescription: "another day") { columns, _ in columns.lastActiveDay += 1 },
  ]

  @Test("is named by verifying, whichever column it is", arguments: faults)
  func column(fault: Fault) async throws {
    let world = try await World(.persistent)
    let device = try TestDevice()
    try await world.bind(
      device, to: .inge, proveID: .inge, visitor: "visitor-1", customer: "customer-1",
      human: "human-1")
    let codec = world.registry.codec
    let right = try #require(
      try await world.store.registration(at: codec.locator(of: device.deviceID)))
    #expect(try await world.registry.verify().problems == [])

    var columns = RegistrationCodec.Columns(right)
    fault.change(&columns, codec.locator(of: try TestDevice().deviceID))
    let wrong = try sealed(try codec.open(right), columns, codec)
    // By the store itself, whose digests, counts and indexes then agree with the row.
    let outcome = try await world.store.write([.update(wrong, replacing: right)], as: WriteID())
    #expect(outcome == .applied)
    #expect(try await world.store.structureProblems() == [])
    #expect(try codec.open(wrong).deviceID == device.deviceID)

    let found = try await world.registry.verify()
    #expect(found.registrations == 1)
    let named = "a row of table registration was altered or damaged (in state \(wrong.state))"
    #expect(found.problems.contains(named), "\(found.problems)")
  }

  private func sealed(
    _ registration: KeyRegistration, _ columns: RegistrationCodec.Columns,
    _ codec: RegistrationCodec
  ) throws -> StoredRegistration {
    let (epoch, sealed) = try codec.keys.sealedRow(
      registration.encoded, as: codec.context(columns, registration.version))
    return StoredRegistration(
      device: columns.device, visitor: columns.visitor, phoneNumber: columns.phoneNumber,
      proveID: columns.proveID, clientCustomerID: columns.clientCustomerID,
      clientHumanID: columns.clientHumanID, state: columns.state,
      lastActiveDay: columns.lastActiveDay, version: registration.version, epoch: epoch,
      sealed: sealed)
  }
}
