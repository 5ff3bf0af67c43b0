import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyTesting

/// What a decision allows, as the model keeps it.
struct ModelTicket {
  enum Task {
    case authenticate(DeviceID)
    case recover(DeviceID)
    case fulfil(KeyPlan)
  }

  let madeAt: UTCInstant
  let task: Task
  let version: UInt64?
  let retiredVersion: UInt64?
  let standing: Standing?
  /// What the presented key showed; nothing when it was not registered.
  let presented: HistoryCast.Signing?
  let visitorID: VisitorID?
  let isOfBrowser: Bool
  var isSpent = false

  /// What authentications beside this one do not change.
  struct Standing: Equatable {
    let publicKey: PublicKey
    let state: RegistrationStateName
    let binding: KeyRegistration.Binding?

    init(_ key: KeyRegistration) {
      publicKey = key.publicKey
      state = key.state.name
      binding = key.binding
    }
  }

  var deviceID: DeviceID? {
    switch task {
    case .authenticate(let id), .recover(let id): id
    case .fulfil(let plan): plan.action.deviceID
    }
  }
}

// Deciding.

extension HistoryModel {
  mutating func decide(
    _ step: HistoryStep.Request, _ signing: HistoryCast.Signing?
  ) throws(RegistryError) -> HistoryAnswer {
    let request: KeyRequest
    do { request = try cast.request(step) } catch { throw .unknownDevice }
    var facts = KeyFacts(presented: .none)
    if !step.isDesktop, let signing {
      facts.presented = try presented(signing, isWrong: step.presenting?.way == .wrongKey)
    } else if !step.isDesktop, policy.keyPersistence, !request.rebind, let visitor = sure(request) {
      if let stored = request.storedDeviceID {
        facts.stored = keys[stored].map { .registered($0) } ?? .unknown
      } else {
        facts.ofVisitor = keys.values.filter { $0.visitorID == visitor }
      }
    }
    let decision = KeyRules.decide(request, facts: facts, policy: policy, now: now)
    keep(decision, facts)
    tickets.append(ticket(decision, facts, request, signing))
    return .decision(decision.row, decision.outcome)
  }

  private func presented(
    _ signing: HistoryCast.Signing, isWrong: Bool
  ) throws(RegistryError) -> KeyFacts.Presented {
    guard let key = keys[signing.device.deviceID] else { return .unknown }
    guard !isWrong else { throw .signatureInvalid }
    let shown = try moving { () throws(ModelError) in try signing.shown }
    return .registered(key, KeyRules.finding(on: shown, for: key))
  }

  private func sure(_ request: KeyRequest) -> VisitorID? {
    request.visitor.flatMap { $0.confidence >= policy.minimumVisitorConfidence ? $0.id : nil }
  }

  /// Notes a decision in the chain of the registration that it concerns, as far as it is kept.
  private mutating func keep(_ decision: KeyDecision, _ facts: KeyFacts) {
    let kind: KeyEvent.Kind
    var concerned: DeviceID?
    if case .registered(let key) = facts.stored { concerned = key.deviceID }
    if case .registered(let key, let finding) = facts.presented {
      concerned = key.deviceID
      if decision.row == .d3 {
        let kinds: [ReplayFinding: KeyEvent.Kind] = [
          .staleVault: .staleVault, .forkedVault: .forkedVault,
        ]
        return note(kinds[finding] ?? .counterRegression, of: key.deviceID)
      }
    }
    switch decision.outcome {
    case .authenticate: kind = .decided
    case .recover(let id):
      kind = .decided
      concerned = concerned ?? id
    case .reject: kind = .rejected
    case .requirePossession: kind = .possessionRequired
    }
    if let concerned, keepsEverything || kind != .decided { note(kind, of: concerned) }
  }

  private func ticket(
    _ decision: KeyDecision, _ facts: KeyFacts, _ request: KeyRequest,
    _ signing: HistoryCast.Signing?
  ) -> ModelTicket? {
    let task: ModelTicket.Task
    var retired: DeviceID?
    switch decision.outcome {
    case .reject: return nil
    case .authenticate(let id): task = .authenticate(id)
    case .recover(let id): task = .recover(id)
    case .requirePossession(_, let plan):
      task = .fulfil(plan)
      retired = plan.retires
    }
    let target: DeviceID? =
      switch task {
      case .authenticate(let id), .recover(let id): id
      case .fulfil(let plan): plan.action.deviceID
      }
    let wasRegistered = if case .registered = facts.presented { true } else { false }
    return ModelTicket(
      madeAt: now, task: task, version: target.flatMap { keys[$0]?.version },
      retiredVersion: retired.flatMap { keys[$0]?.version },
      standing: target.flatMap { keys[$0] }.map { .init($0) },
      presented: wasRegistered ? signing : nil, visitorID: sure(request),
      isOfBrowser: request.visitor != nil)
  }
}

// Completing.

extension HistoryModel {
  mutating func withdraw(_ decision: Int) throws(RegistryError) -> HistoryAnswer {
    guard let (index, ticket) = try open(decision) else { return .skipped }
    try useUp(index, ticket)
    return .done
  }

  mutating func complete(
    _ decision: Int, _ possession: HistoryStep.Possession, _ key: HistoryCast.Signing?
  ) throws(RegistryError) -> HistoryAnswer {
    guard let (index, ticket) = try open(decision) else { return .skipped }
    if possession == .failed {
      try useUp(index, ticket)
      if let id = ticket.deviceID { note(.possessionFailed, of: id) }
      throw .possessionFailed
    }
    switch ticket.task {
    case .authenticate(let id): return try authenticate(id, index, ticket)
    case .recover(let id):
      let key = try offered(key, as: id)
      return try change(id, index, ticket, key, [.recovered]) { before, now throws(ModelError) in
        try before.rekeyed(key.device.publicKey).noting(key).authenticated(at: now)
      }
    case .fulfil(let plan): return try fulfil(plan, index, ticket, possession, key)
    }
  }

  /// The ticket of a decision, if it is one and not too old.
  private func open(_ decision: Int) throws(RegistryError) -> (Int, ModelTicket)? {
    guard !tickets.isEmpty else { return nil }
    let index = decision % tickets.count
    guard let ticket = tickets[index] else { throw .nothingToComplete }
    let age = now.millisecondsSinceEpoch - ticket.madeAt.millisecondsSinceEpoch
    guard age < 900_000, age >= -60_000 else { throw .ticketExpired }
    return (index, ticket)
  }

  private mutating func spend(_ index: Int) throws(RegistryError) {
    guard tickets[index]?.isSpent == false else { throw .ticketSpent }
    tickets[index]?.isSpent = true
  }

  /// An authentication's ticket is spent with its challenge.
  private mutating func useUp(
    _ index: Int, _ ticket: ModelTicket
  ) throws(RegistryError) {
    if case .authenticate = ticket.task, ticket.isSpent { throw .challengeSpent }
    try spend(index)
  }

  private mutating func authenticate(
    _ id: DeviceID, _ index: Int, _ ticket: ModelTicket
  ) throws(RegistryError) -> HistoryAnswer {
    let before = try current(id)
    if before.isSuspended { throw .deviceSuspended }
    guard let presented = ticket.presented else { throw .ticketUnknown }
    let shown = try moving { () throws(ModelError) in try presented.shown }
    guard ModelTicket.Standing(before) == ticket.standing,
      KeyRules.finding(on: shown, for: before) == .fresh,
      !before.isInactive(at: now, afterMonths: policy.inactivityMonths)
    else { throw ticket.isSpent ? .ticketSpent : .planStale }
    let after = try moving { () throws(ModelError) in
      try before.recorded(at: now, policy).noting(shown).associated(
        clientCustomerID: nil, clientHumanID: nil, visitorID: ticket.visitorID)
    }
    try spend(index)
    keys[id] = after
    if keepsEverything { note(.authenticated, of: id) }
    return .registration(after)
  }

  private mutating func fulfil(
    _ plan: KeyPlan, _ index: Int, _ ticket: ModelTicket,
    _ possession: HistoryStep.Possession, _ key: HistoryCast.Signing?
  ) throws(RegistryError) -> HistoryAnswer {
    guard case .passed(let number) = possession else { throw .possessionMissing }
    let verified = cast.numbers[number]
    guard plan.isFulfilled(by: verified) else { throw .phoneNumberMismatch }
    switch plan.action {
    case .none:
      try spend(index)
      return .registration(nil)
    case .place:
      return try placeAndBind(plan, index, ticket, try offered(key, as: nil), verified)
    case .bind(let id):
      return try change(id, index, ticket, nil, [.bound], plan.retires, capped: true) {
        before, now throws(ModelError) in
        try before.bound(to: verified, proveID: nil, at: now)
      }
    case .rebind(let id):
      return try change(id, index, ticket, nil, [.rebound], capped: true) {
        before, now throws(ModelError) in
        try before.rebound(to: verified, proveID: nil, at: now)
      }
    case .rekey(let id):
      let key = try offered(key, as: id)
      let isBound = keys[id]?.binding != nil
      return try change(id, index, ticket, key, isBound ? [.rekeyed] : [.rekeyed, .bound]) {
        before, now throws(ModelError) in
        let rekeyed = try before.rekeyed(key.device.publicKey).noting(key)
        return isBound
          ? try rekeyed.authenticated(at: now)
          : try rekeyed.bound(to: verified, proveID: nil, at: now)
      }
    }
  }

  private mutating func placeAndBind(
    _ plan: KeyPlan, _ index: Int, _ ticket: ModelTicket, _ key: HistoryCast.Signing,
    _ number: PhoneNumber
  ) throws(RegistryError) -> HistoryAnswer {
    let id = key.device.deviceID
    let placed = try moving { () throws(ModelError) in
      try KeyRegistration(
        placing: key.device.publicKey, as: id, on: ticket.isOfBrowser ? .web : .mobile,
        visitorID: ticket.visitorID, at: now
      ).noting(key).bound(to: number, proveID: nil, at: now)
    }
    // What is planned is refused before what is written.
    let isTaken = keys[id] != nil
    let before = keys[id]
    note(.placed, of: id)
    note(.bound, of: id)
    try retire(plan.retires, ticket)
    try cap(placed, sparing: plan.retires)
    try spend(index)
    guard !isTaken, before == nil else { throw .deviceIDTaken }
    keys[id] = placed
    return .registration(placed)
  }

  /// Changes a registration that must still stand at the ticket's version.
  private mutating func change(
    _ id: DeviceID, _ index: Int, _ ticket: ModelTicket, _ key: HistoryCast.Signing?,
    _ kinds: [KeyEvent.Kind], _ retires: DeviceID? = nil, capped: Bool = false,
    _ move: (KeyRegistration, UTCInstant) throws(ModelError) -> KeyRegistration
  ) throws(RegistryError) -> HistoryAnswer {
    let before = try current(id)
    guard before.version == ticket.version, !isDead(before) else {
      throw ticket.isSpent ? .ticketSpent : .planStale
    }
    let after = try moving { () throws(ModelError) in
      var after = try move(before, now)
      if key == nil, let presented = ticket.presented { after = try after.noting(presented) }
      return try after.associated(
        clientCustomerID: nil, clientHumanID: nil, visitorID: ticket.visitorID)
    }
    keys[id] = after
    for kind in kinds { note(kind, of: id) }
    try retire(retires, ticket)
    if capped { try cap(after, sparing: retires) }
    try spend(index)
    return .registration(after)
  }

  private mutating func retire(
    _ id: DeviceID?, _ ticket: ModelTicket
  ) throws(RegistryError) {
    guard let id, let before = keys[id], !before.isRevoked else { return }
    guard before.version == ticket.retiredVersion else { throw .planStale }
    keys[id] = before.revoked(because: .deactivated, at: now)
    note(.revoked, of: id)
  }

  private func offered(
    _ key: HistoryCast.Signing?, as id: DeviceID?
  ) throws(RegistryError) -> HistoryCast.Signing {
    guard let key else { throw .newKeyMissing }
    if let id, key.device.deviceID != id { throw .newKeyMismatch }
    return key
  }
}
