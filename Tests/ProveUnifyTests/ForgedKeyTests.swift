import CampaignSupport
import Crypto
import Foundation
import ProveDeviceRegistry
import ProveKeyModel
import ProveUnify
import Testing

/// What a stranger learns who takes part in flows of their own with somebody else's deviceId.
@Suite("someone else's deviceId in a stranger's flow", .inTurn)
struct ForgedKeyTests {
  /// What became of the key whose deviceId it is.
  enum Victim: CaseIterable {
    case inactive, unknown, placed, bound, unbound, suspended, revoked, erased
  }

  /// How the stranger's flow goes on.
  enum Flow: CaseIterable {
    case rightCode, wrongCode, rebind, customerSupplied
  }

  /// A victim of each kind.
  private func victims(on stage: FlowStage) async throws -> [(Victim, DeviceID)] {
    var victims: [(Victim, DeviceID)] = []
    for victim in Victim.allCases {
      let device = BareDevice()
      victims.append((victim, device.id))
      if victim == .unknown { continue }
      let registry = stage.registry
      let challenge = registry.issueChallenge()
      try await registry.place(
        device.offer(for: challenge), for: challenge, on: .web, visitorID: try id("victim"))
      if victim == .placed { continue }
      try await registry.bind(device.id, to: PhoneNumber(FlowStage.lorant))
      switch victim {
      case .inactive: stage.clock.advance(months: 13)
      case .unbound: try await registry.unbind(device.id)
      case .suspended: try await registry.suspend(device.id)
      case .revoked: try await registry.revoke(device.id)
      case .erased: _ = try await registry.erase(.deviceID(device.id))
      case .unknown, .placed, .bound: break
      }
    }
    return victims
  }

  private func id(_ visitor: String) throws -> VisitorID { try VisitorID(validating: visitor) }

  private func policy(_ persists: Bool) throws -> RegistryPolicy {
    try RegistryPolicy(keyPersistence: persists)
  }

  @Test(
    "presented with a forged signature is answered like an unknown one, whatever became of the key",
    arguments: Flow.allCases, [false, true])
  func presented(flow: Flow, persists: Bool) async throws {
    let stage = try await FlowStage(policy: policy(persists))
    var answers: [Victim: [String]] = [:]
    for (victim, id) in try await victims(on: stage) {
      let before = try await stage.registration(id)
      let stranger = try await Stranger(on: stage, visitor: "stranger of \(victim)")
      answers[victim] = try await stranger.run(flow, presenting: id)
      #expect(try await stage.registration(id) == before, "\(victim)")
    }
    let unknown = try #require(answers[.unknown])
    #expect(unknown.count >= 4)
    for (victim, found) in answers { #expect(found == unknown, "\(victim)") }
    #expect(answers.count == Victim.allCases.count)
  }

  @Test("sent as the stored one is answered to the device alike, whatever became of the key")
  func stored() async throws {
    let stage = try await FlowStage(policy: policy(true))
    var answers: [Victim: [String]] = [:]
    for (victim, id) in try await victims(on: stage) {
      let stranger = try await Stranger(on: stage, visitor: "stranger of \(victim)")
      answers[victim] = try await stranger.run(.rightCode, storing: id)
    }
    let unknown = try #require(answers[.unknown])
    for (victim, found) in answers {
      // The last is the integrator's, who may know why.
      #expect(found.dropLast() == unknown.dropLast(), "\(victim)")
    }
    #expect(Set(answers.values.compactMap(\.last)).count > 1)
  }

  @Test("is in the way of nobody: with no key at all the stranger's own is restored (D16)")
  func own() async throws {
    let stage = try await FlowStage(policy: policy(true))
    let stranger = try await Stranger(on: stage, visitor: "stranger")
    let answers = try await stranger.run(.rightCode)
    #expect(answers.count == 4)
    #expect(answers.last?.contains("D16") == true)
  }
}

/// A device that holds one key and no vault.
private struct BareDevice {
  let id: DeviceID
  private let key = Curve25519.Signing.PrivateKey()

  init() {
    var generator = SystemRandomNumberGenerator()
    id = DeviceID.random(using: &generator)
  }

  /// Signs with the device's own key, in the name of any.
  func assertion(as id: DeviceID, for challenge: Challenge) throws -> KeyAssertion {
    let message = try KeyAssertion.signedBytes(
      challenge: challenge.bytes, deviceID: id, counter: nil, vaultState: nil)
    return try KeyAssertion(
      deviceID: id, counter: nil, vaultState: nil,
      signature: [UInt8](key.signature(for: message)))
  }

  /// Offers the key, under its own id or another.
  func offer(as other: DeviceID? = nil, for challenge: Challenge) throws -> NewKey {
    let id = other ?? self.id
    return try NewKey(
      deviceID: id,
      publicKey: PublicKey(algorithm: .ed25519, bytes: [UInt8](key.publicKey.rawRepresentation)),
      proof: assertion(as: id, for: challenge))
  }
}

/// Somebody with a number, a browser and a registration of their own, who has lost its key.
private struct Stranger {
  let stage: FlowStage
  let visitor: Visitor

  init(on stage: FlowStage, visitor: String) async throws {
    self.stage = stage
    self.visitor = try Visitor(id: try VisitorID(validating: visitor), confidence: 0.99)
    let device = BareDevice()
    let challenge = stage.registry.issueChallenge()
    try await stage.registry.place(
      device.offer(for: challenge), for: challenge, on: .web, visitorID: self.visitor.id)
    try await stage.registry.bind(device.id, to: PhoneNumber(FlowStage.bertie))
  }

  /// Runs a flow for the stranger's own number and gives what was answered: to the device as it
  /// stands on the wire, without what is random, and at last to the integrator.
  func run(
    _ flow: ForgedKeyTests.Flow, presenting victim: DeviceID? = nil, storing stored: DeviceID? = nil
  ) async throws -> [String] {
    let response = try await stage.unify {
      $0.phoneNumber = FlowStage.bertie
      $0.deviceID = stored?.rawValue
      $0.rebind = flow == .rebind
      if flow == .customerSupplied { $0.possessionType = "none" }
    }
    let options = SandboxVisitors.publicAPIKey(for: .usUAT)
    let context = DeviceContextProof(
      publicAPIKey: options, token: try stage.vendor.collect(visitor, publicAPIKey: options))
    var (authID, step) = try await stage.service.start(
      DeviceStart(
        authToken: response.authToken, abilities: [.otp], context: context, buildConfig: .usUAT))
    var answers = [try outline(step)]
    let device = BareDevice()
    while let reply = try reply(to: step, flow, device, victim) {
      step = try await stage.service.reply(reply, authID: authID)
      answers.append(try outline(step))
    }
    if case .finished(let finish) = step { #expect(finish.deviceID != (victim ?? stored)) }
    let status = try await stage.status(response)
    #expect(status.deviceID != (victim ?? stored))
    let evaluation = status.evaluation
    let row = evaluation.row.map { "\($0)" } ?? "-"
    return answers + [
      "\(status.success) \(row) \(evaluation.reason ?? "-") \(evaluation.possession)"
    ]
  }

  private func reply(
    to step: DeviceStep, _ flow: ForgedKeyTests.Flow, _ device: BareDevice, _ victim: DeviceID?
  ) throws -> DeviceReply? {
    switch step {
    case .presentKey(let challenge), .presentAnotherKey(let challenge):
      .presented(try victim.map { try device.assertion(as: $0, for: challenge) })
    case .startOTP: .consent(phoneNumber: nil)
    case .finishOTP: .code(flow == .wrongCode ? "1" : stage.provider.lastCode)
    case .offerKey(let challenge, let id):
      .offered(try device.offer(as: id, for: challenge))
    case .finished: nil
    default: throw StageError(text: "an answer that nobody expects: \(step)")
    }
  }

  /// A step as it stands on the wire, each random value by its name alone.
  private func outline(_ step: DeviceStep) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let text = String(decoding: try encoder.encode(step), as: UTF8.self)
    return text.replacing(/"(challenge|authId|deviceId)":"[^"]+"/) { "\"\($0.1)\"" }
  }
}
