import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyTesting

/// What a registry is to do, said as simply as can be: the rules on a dictionary.
struct HistoryModel {
  let cast: HistoryCast
  var keys: [DeviceID: KeyRegistration] = [:]
  var events: [DeviceID: [KeyEvent.Kind]] = [:]
  /// By decision; nothing where it was a refusal.
  var tickets: [ModelTicket?] = []

  var policy: RegistryPolicy { cast.policy }
  var now: UTCInstant { cast.clock.now }

  init(_ cast: HistoryCast) {
    self.cast = cast
  }

  /// Carries out a step, which takes effect whole or not at all.
  mutating func take(_ move: HistoryMove) throws -> HistoryAnswer {
    let before = self
    do throws(RegistryError) {
      return try answer(move)
    } catch {
      // A possession check that failed leaves its trace; see `useUp`.
      if error != .possessionFailed { self = before }
      return .refused(error)
    }
  }

  private mutating func answer(_ move: HistoryMove) throws(RegistryError) -> HistoryAnswer {
    let (cast, policy) = (cast, policy)
    switch move.step {
    case .place(let device, let visitor):
      guard let signing = move.signing else { return .skipped }
      return try place(device, visitor, signing)
    case .bind(let device, let number):
      return try change(device, .bound, capped: true) { key, now throws(ModelError) in
        try key.bound(to: cast.numbers[number], proveID: nil, at: now)
      }
    case .rebind(let device, let number):
      return try change(device, .rebound, capped: true, refusingInactive: true) {
        key, now throws(ModelError) in
        try key.rebound(to: cast.numbers[number], proveID: nil, at: now)
      }
    case .unbind(let device):
      return try change(device, .unbound) { key, _ throws(ModelError) in try key.unbound() }
    case .revoke(let device):
      if keys[cast.ids[device]]?.isRevoked == true { return .revocation(.alreadyRevoked) }
      _ = try change(device, .revoked) { key, now in key.revoked(at: now) }
      return .revocation(.revoked)
    case .suspend(let device):
      return try change(device, .suspended) { key, now throws(ModelError) in
        try key.suspended(at: now)
      }
    case .resume(let device):
      return try change(device, .resumed) { key, _ throws(ModelError) in try key.resumed() }
    case .rename(let device, let name):
      return try change(device, .renamed) { key, _ throws(ModelError) in
        try key.renamed(to: name.map { "name \($0)" })
      }
    case .recordAuthentication(let device):
      let kind: KeyEvent.Kind? = keepsEverything ? .authenticated : nil
      return try change(device, kind, refusingInactive: true) { key, now throws(ModelError) in
        try key.recorded(at: now, policy)
      }
    case .markDisconnected(let number): return .count(try markDisconnected(cast.numbers[number]))
    case .decide(let request): return try decide(request, move.signing)
    case .complete(let decision, let possession, _):
      return try complete(decision, possession, move.signing)
    case .withdraw(let decision): return try withdraw(decision)
    case .sweep: return .count(try sweep())
    case .moveClock, .moveClockByMonths, .reopen: return .done
    }
  }

  // MARK: Operations

  var keepsEverything: Bool { policy.eventDetail == .everyDecision }

  mutating func note(_ kind: KeyEvent.Kind, of id: DeviceID) {
    events[id, default: []].append(kind)
  }

  private mutating func place(
    _ device: Int, _ visitor: Int?, _ signing: HistoryCast.Signing
  ) throws(RegistryError) -> HistoryAnswer {
    let id = cast.ids[device]
    guard keys[id] == nil else { throw .deviceIDTaken }
    let placed = try moving { () throws(ModelError) in
      try KeyRegistration(
        placing: signing.device.publicKey, as: id, on: visitor == nil ? .mobile : .web,
        visitorID: visitor.map { cast.visitors[$0] }, at: now
      ).noting(signing)
    }
    keys[id] = placed
    note(.placed, of: id)
    return .registration(placed)
  }

  private mutating func change(
    _ device: Int, _ kind: KeyEvent.Kind?, capped: Bool = false, refusingInactive: Bool = false,
    _ move: (KeyRegistration, UTCInstant) throws(ModelError) -> KeyRegistration
  ) throws(RegistryError) -> HistoryAnswer {
    let id = cast.ids[device]
    let before = try current(id)
    if refusingInactive, isDead(before) { throw .deviceInactive }
    let after = try moving { () throws(ModelError) in try move(before, now) }
    keys[id] = after
    if let kind, after != before || kind == .authenticated { note(kind, of: id) }
    if capped { try cap(after, sparing: nil) }
    return .registration(after)
  }

  private mutating func markDisconnected(_ number: PhoneNumber) throws(RegistryError) -> Int {
    var count = 0
    for (id, key) in keys {
      guard let binding = key.binding, binding.phoneNumber == number,
        binding.disconnectedAt == nil
      else { continue }
      keys[id] = try moving { () throws(ModelError) in try key.disconnected(at: now) }
      note(.disconnected, of: id)
      count += 1
    }
    return count
  }

  private mutating func sweep() throws(RegistryError) -> Int {
    var count = 0
    // What is suspended, or bound to a number out of service, is left as it is.
    for (id, key) in keys where key.isServing && key.deactivatedAt == nil && isDead(key) {
      keys[id] = try moving { () throws(ModelError) in try key.deactivated(at: now) }
      note(.deactivated, of: id)
      count += 1
    }
    return count
  }

  // MARK: Parts

  func current(_ id: DeviceID) throws(RegistryError) -> KeyRegistration {
    guard let key = keys[id] else { throw .unknownDevice }
    guard !key.isRevoked else { throw .deviceRevoked }
    return key
  }

  func isDead(_ key: KeyRegistration) -> Bool {
    key.binding != nil && key.isInactive(at: now, afterMonths: policy.inactivityMonths)
  }

  /// Keeps the live registrations of a visitor with one number within the policy's cap.
  mutating func cap(
    _ key: KeyRegistration, sparing retired: DeviceID?
  ) throws(RegistryError) {
    let cap: Int
    switch policy.registrationCap {
    case .none: return
    case .refuse(let above), .supersedeOldest(let above): cap = above
    }
    guard let visitor = key.visitorID, let binding = key.binding else { return }
    let others = keys.values.filter { other in
      other.isServing && other.deactivatedAt == nil && !isDead(other)
        && other.deviceID != key.deviceID && other.deviceID != retired
        && other.visitorID == visitor && other.binding?.phoneNumber == binding.phoneNumber
    }
    guard others.count >= cap else { return }
    guard case .supersedeOldest = policy.registrationCap else { throw .registrationCapReached }
    let inOrder = others.sorted { left, right in
      let times = (left.lastUse, right.lastUse)
      return times.0 == times.1
        ? left.deviceID.rawValue < right.deviceID.rawValue : times.0 > times.1
    }
    for other in inOrder[(cap - 1)...] {
      keys[other.deviceID] = other.revoked(because: .superseded, at: now)
      note(.revoked, of: other.deviceID)
    }
  }

  func moving<Value>(
    _ body: () throws(ModelError) -> Value
  ) throws(RegistryError) -> Value {
    do { return try body() } catch {
      switch error {
      case .revoked: throw .deviceRevoked
      case .suspended: throw .deviceSuspended
      case .notBound: throw .notBound
      default: throw .model(error)
      }
    }
  }
}

extension KeyRegistration {
  fileprivate var lastUse: UTCInstant { lastAuthenticatedAt ?? placedAt }

  /// Notes a completed authentication as finely as the policy keeps it.
  func recorded(
    at now: UTCInstant, _ policy: RegistryPolicy
  ) throws(ModelError) -> KeyRegistration {
    let granularity = policy.lastAuthenticatedGranularitySeconds
    if granularity > 0, let last = lastAuthenticatedAt, now < last.adding(seconds: granularity),
      binding != nil
    {
      return self
    }
    return try authenticated(at: now)
  }

  /// Notes what a key showed when it signed; the signature itself is not kept.
  func noting(_ signing: HistoryCast.Signing) throws(ModelError) -> KeyRegistration {
    try noting(try signing.shown)
  }
}

extension HistoryCast.Signing {
  /// The assertion without its signature, for rules that do not look at it.
  var shown: KeyAssertion {
    get throws(ModelError) {
      try KeyAssertion(
        deviceID: device.deviceID, counter: counter, vaultState: vaultState,
        signature: [UInt8](repeating: 0, count: 64))
    }
  }
}
