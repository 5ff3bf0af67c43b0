import Foundation
import ProveKeyModel
import ProveUnify

/// Everything the demonstration runs: the twelve test users, then the stories that the table of test
/// users does not tell.
///
/// Outcomes come out of the vault, the registry and the flow; what is expected of a user follows
/// from that user's own data alone.
struct DemoScript {
  let folder: String
  let clock = DemoClock(
    UTCInstant(year: 2026, month: 1, day: 31) ?? UTCInstant(millisecondsSinceEpoch: 0))
  let users: [SandboxUser]
  let report: (DemoRow) throws -> Void

  init(folder: String, report: @escaping (DemoRow) throws -> Void) throws {
    self.folder = folder
    self.report = report
    users = try SandboxUser.all()
  }

  func run() async throws {
    for user in users {
      try await mobile(user)
      if user.mobileAuth == .unavailable { try await desktop(user) }
    }
    for user in users where user.mobileAuth == .fails && !user.isTrustworthy {
      try await reputationAndRevocation(user)
    }
    try await customerSupplied(try user("Lorant"))
    try await rebinding(from: try user("Lorant"), to: try user("Bertie"))
    try await manyRegistrations(try user("Lorant"))
    try await evictionAndRecovery(try user("Inge"))
    try await inactivity(try user("Bertie"))
  }

  // MARK: The table of test users

  /// What a user's first flow on mobile comes out as.
  private func expectedOnMobile(_ user: SandboxUser) -> DemoExpectation {
    if user.passesWithoutClient {
      return DemoExpectation(success: .true, hasProveID: true)
    }
    let passesOTP = user.entersCode == SandboxUser.rightCode
    let (passes, method): (Bool, PossessionMethod) =
      switch user.mobileAuth {
      case .passes: (true, .mobileAuth)
      case .failsForGood: (false, .mobileAuth)
      case .unavailable, .fails: (passesOTP, .otp)
      }
    return DemoExpectation(
      success: passes ? .true : .false, possession: method, hasProveID: passes,
      device: passes ? .new : .none, row: .d11)
  }

  /// What the same user comes out as once more, with the key.
  private func expectedAgain(_ key: DeviceID?) -> DemoExpectation {
    DemoExpectation(success: .true, hasProveID: true, device: .same(key), row: .d10)
  }

  private func mobile(_ user: SandboxUser) async throws {
    let track = try track(user, "mobile")
    let expected = expectedOnMobile(user)
    let key = try await track.step(
      "first", track.request(user), expected,
      user.passesWithoutClient ? "no client, no key" : "no key yet: possession")
    guard let key else { return }
    _ = try await track.step(
      "again", track.request(user), expectedAgain(key), "the key is enough")
  }

  private func desktop(_ user: SandboxUser) async throws {
    let track = try track(user, "desktop")
    var request = track.request(user)
    request.channel = .desktop
    let passes = user.passesWithoutClient || user.opensLink
    let expected = DemoExpectation(
      success: passes ? .true : .false, possession: user.passesWithoutClient ? .none : .instantLink,
      hasProveID: passes, row: user.passesWithoutClient ? nil : .d1)
    _ = try await track.step(
      "first", request, expected,
      user.passesWithoutClient ? "no client, no key" : "desktop: a link every time, no key")
  }

  // MARK: Stories

  private func reputationAndRevocation(_ user: SandboxUser) async throws {
    let track = try track(user, "reputation")
    var refused = expectedOnMobile(user)
    (refused.success, refused.hasProveID, refused.device) = (.false, false, .none)
    var strict = track.request(user)
    strict.checksReputation = true
    _ = try await track.step(
      "reputation-first", strict, refused, "possession passes, the number's reputation does not")
    let key = try await track.step(
      "first", track.request(user), expectedOnMobile(user), "a key for the runs below")
    _ = try await track.step(
      "reputation", strict, DemoExpectation(success: .false, row: .d10),
      "the key is good, the number's reputation is not")
    guard let key else { return }
    try await track.stage.revoke(key)
    _ = try await track.step(
      "revoked", track.request(user), DemoExpectation(row: .d2, code: 8019), "the key was revoked")
    let new = try await track.step(
      "afresh", track.request(user), expectedOnMobile(user), "a new full flow makes a new key")
    _ = try await track.step(
      "again", track.request(user), expectedAgain(new), "the new key is enough")
  }

  private func customerSupplied(_ user: SandboxUser) async throws {
    let track = try track(user, "customer")
    var request = track.request(user)
    request.channel = .none
    request.binds = true
    let key = try await track.step(
      "customer-supplied", request,
      DemoExpectation(success: .possessionRequired, row: .d11),
      "the key is placed, not bound",
      bind: DemoExpectation(
        success: .true, possession: .customer, hasProveID: true, device: .new, row: .d11))
    request.binds = false
    _ = try await track.step("again", request, expectedAgain(key), "the key is enough")
  }

  private func rebinding(from user: SandboxUser, to other: SandboxUser) async throws {
    let track = try track(user, "rebind")
    let key = try await track.step(
      "first", track.request(user), expectedOnMobile(user), "a key bound to \(user.name)")
    _ = try await track.step(
      "other-number", track.request(other), DemoExpectation(success: .false, row: .d8),
      "bound to another number", as: other)
    var rebind = track.request(other)
    rebind.rebind = true
    rebind.code = "1111"
    _ = try await track.step(
      "rebind-fails", rebind, DemoExpectation(success: .false, possession: .otp, row: .d4),
      "a wrong code: the binding stands", as: other)
    _ = try await track.step(
      "still-bound", track.request(user), expectedAgain(key), "as the old number shows")
    rebind.code = nil
    _ = try await track.step(
      "rebind", rebind,
      DemoExpectation(
        success: .true, possession: .otp, hasProveID: true, device: .same(key), row: .d4),
      "the same key, now bound to \(other.name)", as: other)
    _ = try await track.step(
      "again", track.request(other), expectedAgain(key), "the key is enough", as: other)
    _ = try await track.step(
      "old-number", track.request(user), DemoExpectation(success: .false, row: .d8),
      "no longer bound to \(user.name)")
  }

  private func manyRegistrations(_ user: SandboxUser) async throws {
    let track = try track(user, "many")
    track.stage.visitor = try visitor("one-browser")
    var keys: [DeviceID] = []
    for number in 1...3 {
      let key = try await track.step(
        "registration-\(number)", track.request(user), expectedOnMobile(user),
        "Key Persistence off: each loss makes a new registration")
      if let key { keys.append(key) }
      try track.stage.evict()
      clock.move(to: clock.now.adding(seconds: 86_400))
    }
    track.stage.keyPersistence = true
    var stored = track.request(user)
    stored.storedDeviceID = keys.first
    _ = try await track.step(
      "stored-device", stored,
      DemoExpectation(success: .true, hasProveID: true, device: .same(keys.first), row: .d12),
      "the stored deviceId says which")
    _ = try await track.step(
      "again", track.request(user), expectedAgain(keys.first), "with its new key")
    try track.stage.evict()
    clock.move(to: clock.now.adding(seconds: 86_400))
    _ = try await track.step(
      "no-stored-device", track.request(user),
      DemoExpectation(success: .true, hasProveID: true, device: .same(keys.first), row: .d17),
      "the most recently authenticated of three")
    stored.storedDeviceID = keys.last
    try track.stage.evict()
    _ = try await track.step(
      "other-stored-device", stored,
      DemoExpectation(success: .true, hasProveID: true, device: .same(keys.last), row: .d12),
      "another stored deviceId, another registration")
  }

  private func evictionAndRecovery(_ user: SandboxUser) async throws {
    let track = try track(user, "eviction")
    track.stage.keyPersistence = true
    track.stage.visitor = try visitor("another-browser")
    var expected = expectedOnMobile(user)
    // The number is learnt from the carrier, so the request names none: a visitor ID alone (D14).
    expected.row = track.request(user).sendsNumber ? .d15 : .d14
    let key = try await track.step("first", track.request(user), expected, "a key in the browser")
    try track.stage.evict()
    var named = track.request(user)
    named.sendsNumber = true
    _ = try await track.step(
      "recovered", named,
      DemoExpectation(success: .true, hasProveID: true, device: .same(key), row: .d16),
      "the browser lost the key: restored, no possession check")
    _ = try await track.step(
      "again", track.request(user), expectedAgain(key), "with its new key")
  }

  private func inactivity(_ user: SandboxUser) async throws {
    let track = try track(user, "inactivity")
    let start = clock.now
    let key = try await track.step(
      "first", track.request(user), expectedOnMobile(user), "a key")
    clock.move(
      to: UTCInstant(
        millisecondsSinceEpoch: start.adding(months: 12).millisecondsSinceEpoch - 1))
    _ = try await track.step(
      "in-time", track.request(user), expectedAgain(key),
      "a millisecond before 12 months: they start anew")
    clock.move(to: clock.now.adding(months: 12))
    var expected = expectedOnMobile(user)
    expected.row = .d7
    _ = try await track.step(
      "inactive", track.request(user), expected, "12 months later to the millisecond: a new key")
  }

  // MARK: Parts

  private func user(_ firstName: String) throws -> SandboxUser {
    guard let user = users.first(where: { $0.name.hasPrefix(firstName) }) else {
      throw Refusal(text: "the test user \(firstName) is missing")
    }
    return user
  }

  private func visitor(_ name: String) throws -> Visitor {
    try Visitor(id: try VisitorID(validating: name), confidence: 0.99)
  }

  private func track(_ user: SandboxUser, _ story: String) throws -> DemoTrack {
    let name = (user.name + "-" + story).lowercased().replacing(" ", with: "-")
    let stage = try DemoStage(folder: folder + "/" + name, clock: clock, users: users)
    return DemoTrack(user: user, stage: stage, report: report)
  }
}

/// One device's runs in order.
final class DemoTrack {
  let user: SandboxUser
  let stage: DemoStage
  private let report: (DemoRow) throws -> Void
  private var seen: Set<DeviceID> = []

  init(user: SandboxUser, stage: DemoStage, report: @escaping (DemoRow) throws -> Void) {
    self.user = user
    self.stage = stage
    self.report = report
  }

  /// The usual request of a user: with the number, unless the carrier will tell it.
  func request(_ user: SandboxUser) -> DemoStage.Run {
    DemoStage.Run(
      user: user, sendsNumber: user.mobileAuth != .passes, usesClient: !user.passesWithoutClient)
  }

  /// Runs a flow and reports it.
  /// - Parameters:
  ///   - bind: what unify-bind comes out as, where the run calls it.
  ///   - other: whose number is at stake, where it is not the track's user.
  /// - Returns: the deviceId of the answer.
  func step(
    _ name: String, _ run: DemoStage.Run, _ expected: DemoExpectation, _ note: String,
    bind: DemoExpectation? = nil, as other: SandboxUser? = nil
  ) async throws -> DeviceID? {
    let result = try await stage.run(run)
    try report(
      DemoRow(
        user: other ?? user, channel: run.channel, run: name, status: result.status,
        error: result.status == nil ? result.error : nil, evaluation: result.evaluation,
        expected: expected, seen: seen,
        note: note))
    var last = result.status
    if let bind {
      try report(
        DemoRow(
          user: other ?? user, channel: run.channel, run: "unify-bind", status: result.bind,
          error: result.bind == nil ? result.error : nil, evaluation: result.evaluation,
          expected: bind, seen: seen,
          note: "possession proven by the integrator"))
      last = result.bind
    }
    if let id = last?.deviceID { seen.insert(id) }
    return last?.deviceID
  }
}
