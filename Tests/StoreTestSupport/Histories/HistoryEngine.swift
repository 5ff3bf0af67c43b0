import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyTesting

/// A registry on one kind of store, which lives through a history.
final class HistoryEngine {
  let name: String
  private let cast: HistoryCast
  private let subject: RegistryStoreConformance.Subject
  private var store: any RegistryStore
  private(set) var registry: DeviceRegistry
  private var tickets: [KeyTicket?] = []

  init(_ factory: StoreFactory, _ cast: HistoryCast) async throws {
    name = factory.description
    self.cast = cast
    subject = try await factory.make()
    store = try await subject.opened()
    registry = try await Self.registry(on: store, cast)
  }

  private static func registry(
    on store: any RegistryStore, _ cast: HistoryCast
  ) async throws -> DeviceRegistry {
    try await DeviceRegistry(
      store: store, scope: try RegistryScope(tenant: "shop", buildConfig: .usUAT),
      policy: cast.policy, clock: cast.clock.wall)
  }

  func close() async throws {
    try await registry.close()
    try await subject.discarded()
  }

  /// Carries out a step.
  func take(_ move: HistoryMove) async throws -> HistoryAnswer {
    do { return try await answer(move) } catch let error as RegistryError {
      return .refused(error)
    }
  }

  private func answer(_ move: HistoryMove) async throws -> HistoryAnswer {
    switch move.step {
    case .place(let device, let visitor):
      _ = device
      guard let signing = move.signing else { return .skipped }
      let challenge = registry.issueChallenge()
      return .registration(
        try await registry.place(
          try signing.offer(for: challenge), for: challenge, on: visitor == nil ? .mobile : .web,
          visitorID: visitor.map { cast.visitors[$0] }))
    case .bind(let device, let number):
      return .registration(
        try await registry.bind(cast.ids[device], to: cast.numbers[number]))
    case .rebind(let device, let number):
      return .registration(
        try await registry.rebind(cast.ids[device], to: cast.numbers[number]))
    case .unbind(let device):
      return .registration(try await registry.unbind(cast.ids[device]))
    case .revoke(let device): return .revocation(try await registry.revoke(cast.ids[device]))
    case .suspend(let device):
      return .registration(try await registry.suspend(cast.ids[device]))
    case .resume(let device): return .registration(try await registry.resume(cast.ids[device]))
    case .rename(let device, let name):
      return .registration(
        try await registry.rename(cast.ids[device], to: name.map { "name \($0)" }))
    case .recordAuthentication(let device):
      return .registration(try await registry.recordAuthentication(of: cast.ids[device]))
    case .markDisconnected(let number):
      return .count(try await registry.markDisconnected(cast.numbers[number]))
    case .decide(let request): return try await decide(request, move.signing)
    case .complete(let decision, let possession, _):
      return try await complete(decision, possession, move.signing)
    case .withdraw(let decision):
      guard !tickets.isEmpty else { return .skipped }
      guard let ticket = tickets[decision % tickets.count] else {
        return .refused(.nothingToComplete)
      }
      try await registry.withdraw(ticket)
      return .done
    case .sweep: return .count(try await registry.sweep().deactivated)
    case .moveClock, .moveClockByMonths: return .done
    case .reopen:
      try await registry.close()
      store = try await subject.opened()
      registry = try await Self.registry(on: store, cast)
      return .done
    }
  }

  private func decide(
    _ request: HistoryStep.Request, _ signing: HistoryCast.Signing?
  ) async throws -> HistoryAnswer {
    let challenge = registry.issueChallenge()
    let decision = try await registry.decide(
      try cast.request(request), presenting: try signing?.assertion(for: challenge),
      for: signing == nil ? nil : challenge)
    tickets.append(decision.ticket)
    return .decision(decision.row, decision.outcome)
  }

  private func complete(
    _ decision: Int, _ possession: HistoryStep.Possession, _ signing: HistoryCast.Signing?
  ) async throws -> HistoryAnswer {
    guard !tickets.isEmpty else { return .skipped }
    guard let ticket = tickets[decision % tickets.count] else {
      return .refused(.nothingToComplete)
    }
    let check: Possession? =
      switch possession {
      case .passed(let number): .passed(cast.numbers[number])
      case .failed: .failed
      case .unknown: nil
      }
    let challenge = registry.issueChallenge()
    return .registration(
      try await registry.complete(
        ticket, possession: check, newKey: try signing?.offer(for: challenge), for: challenge))
  }

  // MARK: State

  /// What differs from the model, registration by registration; nothing when all is right.
  func difference(from model: HistoryModel) async throws -> String? {
    for (index, id) in cast.ids.enumerated() {
      let found = try await registry.registration(id)
      if found != model.keys[id] {
        return "device \(index) is \(Self.text(found)) and not \(Self.text(model.keys[id]))"
      }
      let kinds = try await registry.events(of: id, limit: 1000).map(\.kind)
      let expected = model.events[id] ?? []
      if kinds != expected { return "events of device \(index): \(kinds) and not \(expected)" }
    }
    return nil
  }

  /// What the listings have otherwise than the model, and what a verification finds.
  func wholeDifference(from model: HistoryModel) async throws -> String? {
    let keys = Array(model.keys.values)
    var queries: [(RegistrationQuery, [KeyRegistration])] = [
      (.suspended, keys.filter(\.isSuspended))
    ]
    for state in RegistrationStateName.allCases {
      queries.append((.state(state), keys.filter { $0.state.name == state && !$0.isSuspended }))
    }
    for number in cast.numbers {
      queries.append((.phoneNumber(number), keys.filter { $0.association?.phoneNumber == number }))
    }
    for visitor in cast.visitors {
      queries.append((.visitor(visitor), keys.filter { $0.visitorID == visitor }))
      let expected = keys.filter {
        $0.visitorID == visitor && $0.isServing && $0.deactivatedAt == nil && !model.isDead($0)
      }
      let found = try await registry.candidates(of: visitor)
      if Set(found) != Set(expected) {
        return "\(found.count) candidates of a visitor and not \(expected.count)"
      }
    }
    for (query, expected) in queries {
      let found = try await registry.registrations(of: query).registrations
      if found.count != expected.count || Set(found) != Set(expected) {
        return "a listing has \(found.count) registrations, the model \(expected.count)"
      }
    }
    let problems = try await registry.verify().problems
    return problems.isEmpty ? nil : "a verification finds: \(problems)"
  }

  private static func text(_ key: KeyRegistration?) -> String {
    guard let key else { return "not there" }
    return "\(key), last used \(key.lastAuthenticatedAt?.iso8601 ?? "never")"
      + (key.isSuspended ? ", suspended" : "")
      + (key.deactivatedAt == nil ? "" : ", noted inactive")
      + ", counter \(key.replayWindow?.highest ?? 0)"
  }
}
