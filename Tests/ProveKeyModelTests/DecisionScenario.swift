import ProveKeyModel
import Testing

/// The library's values behind the oracle's small integers.
struct DecisionScenario: Sendable {
  let now: UTCInstant
  /// A key used last at this instant is inactive by `now`; worked by hand, not by the library.
  let lastInactiveUse: UTCInstant
  private let devices: [DeviceID]
  private let numbers: [PhoneNumber]
  private let consumers: [ProveID]
  private let visitors: [VisitorID]
  private let publicKey: PublicKey
  private let indexOfDevice: [DeviceID: Int]
  private let indexOfNumber: [PhoneNumber: Int]

  init() throws {
    let noon: Int64 = 43_200
    now = try #require(UTCInstant(year: 2026, month: 6, day: 15)).adding(seconds: noon)
    lastInactiveUse = try #require(UTCInstant(year: 2025, month: 6, day: 15)).adding(seconds: noon)
    devices = try (0..<64).map { try DeviceID(validating: "device-\($0 / 10)\($0 % 10)") }
    numbers = try (0..<4).map { try PhoneNumber("+1200100401\($0)") }
    consumers = try (0..<4).map { try ProveID(validating: "consumer-\($0)") }
    visitors = try (0..<4).map { try VisitorID(validating: "visitor-\($0)") }
    publicKey = try PublicKey(algorithm: .ed25519, bytes: Array(repeating: 7, count: 32))
    indexOfDevice = Dictionary(uniqueKeysWithValues: zip(devices, devices.indices))
    indexOfNumber = Dictionary(uniqueKeysWithValues: zip(numbers, numbers.indices))
  }

  /// What the library decides, in the oracle's words; an outcome of its own when the plan does not
  /// repeat what was requested.
  func decide(_ facts: PlainFacts) throws -> (row: Int, outcome: PlainOutcome) {
    let request = try request(facts)
    let decision = KeyRules.decide(
      request, facts: keyFacts(facts), policy: try policy(facts.policy), now: now)
    return (decision.row.rawValue, plain(decision.outcome, for: request))
  }

  // MARK: - To the library's types

  private func request(_ facts: PlainFacts) throws -> KeyRequest {
    let channel: Channel =
      switch facts.channel {
      case .mobile: .mobile
      case .desktop: .desktop
      case .none: .none
      }
    let visitor = try facts.visitor.map {
      try Visitor(id: visitors[$0], confidence: Double(facts.confidencePercent) / 100)
    }
    let storedID: DeviceID? =
      switch facts.stored {
      case .nothing: nil
      case .unknown: devices[63]
      case .key(let key): devices[key.id]
      }
    return KeyRequest(
      channel: channel, phoneNumber: facts.number.map { numbers[$0] },
      proveID: facts.consumer.map { consumers[$0] }, storedDeviceID: storedID,
      rebind: facts.rebind, visitor: visitor)
  }

  private func keyFacts(_ facts: PlainFacts) -> KeyFacts {
    let presented: KeyFacts.Presented =
      switch facts.presented {
      case .nothing: .none
      case .unknown: .unknown
      case .key(let key, let found): .registered(registration(key), finding(found))
      }
    let stored: KeyFacts.Stored =
      switch facts.stored {
      case .nothing: .none
      case .unknown: .unknown
      case .key(let key): .registered(registration(key))
      }
    return KeyFacts(
      presented: presented, stored: stored, ofVisitor: facts.seenWithVisitor.map(registration))
  }

  private func finding(_ finding: PlainFacts.Finding) -> ReplayFinding {
    switch finding {
    case .fresh: .fresh
    case .counterRegression: .counterRegression
    case .staleVault: .staleVault
    case .forkedVault: .forkedVault
    }
  }

  private func policy(_ policy: PlainPolicy) throws -> RegistryPolicy {
    let age: RegistryPolicy.BindingAge =
      switch policy.bindingAgeLimitSeconds {
      case nil: .ignored
      case .some(let limit) where limit < 0: .alwaysTooOld
      case .some(let limit): .seconds(Int64(limit))
      }
    return try RegistryPolicy(
      maximumBindingAge: age, keyPersistence: policy.persistence,
      minimumVisitorConfidence: Double(policy.minimumConfidencePercent) / 100,
      selection: policy.picksLatest ? .mostRecentlyAuthenticated : .none,
      recoversByVisitorAlone: policy.visitorAloneSuffices,
      cloneResponse: policy.refusesClones ? .reject : .requirePossession)
  }

  func registration(_ key: PlainKey) -> KeyRegistration {
    let used = UTCInstant(
      millisecondsSinceEpoch: lastInactiveUse.millisecondsSinceEpoch + Int64(key.usedAt))
    let boundAt = UTCInstant(
      millisecondsSinceEpoch: now.millisecondsSinceEpoch - Int64(key.bindingAgeMilliseconds))
    let binding = key.number.map {
      KeyRegistration.Binding(
        phoneNumber: numbers[$0], proveID: key.consumer.map { consumers[$0] }, boundAt: boundAt,
        disconnectedAt: key.disconnected ? now : nil)
    }
    return KeyRegistration(
      deviceID: devices[key.id], publicKey: publicKey, state: state(key.state, binding),
      device: .web, clientCustomerID: nil, clientHumanID: nil,
      visitorID: key.visitor.map { visitors[$0] }, placedAt: used,
      lastAuthenticatedAt: key.state == .placed ? nil : used,
      deactivatedAt: key.swept ? now : nil, suspendedAt: key.suspended ? now : nil,
      replayWindow: nil, vaultState: nil, version: 1)
  }

  private func state(
    _ state: PlainKey.State, _ binding: KeyRegistration.Binding?
  ) -> KeyRegistration.State {
    switch (state, binding) {
    case (.revoked, _): .revoked(.init(revokedAt: now, cause: .requested, former: binding))
    case (.bound, let binding?): .bound(binding)
    case (.unbound, let binding?): .unbound(former: binding)
    case (.placed, _), (_, nil): .placed
    }
  }

  // MARK: - And back

  private func plain(_ outcome: KeyOutcome, for request: KeyRequest) -> PlainOutcome {
    switch outcome {
    case .authenticate(let id): return .authenticate(index(id))
    case .recover(let id): return .recover(index(id))
    case .reject(let reason): return .reject(reason.rawValue)
    case .requirePossession(let reason, let plan):
      guard plan.requestedPhoneNumber == request.phoneNumber,
        plan.requestedProveID == request.proveID
      else { return .possession("plan of another request", .nothing) }
      let detail = if case .ambiguous(let count) = reason { "(\(count))" } else { "" }
      let plainPlan = PlainPlan(
        action: plan.action.name, id: plan.action.deviceID.map(index),
        onlyNumber: plan.boundPhoneNumber.map { indexOfNumber[$0] ?? -1 },
        retires: plan.retires.map(index))
      return .possession(reason.name + detail, plainPlan)
    }
  }

  private func index(_ id: DeviceID) -> Int { indexOfDevice[id] ?? -1 }
}
