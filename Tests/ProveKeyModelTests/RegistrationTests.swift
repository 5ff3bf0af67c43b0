import ProveKeyModel
import Testing

/// The life of a registration: every move from every state.
struct RegistrationTests {
  /// What a move must come to.
  enum Expected: Sendable {
    case state(RegistrationStateName)
    case unchanged
    case error(ModelError)
  }

  enum Move: String, Sendable, CaseIterable {
    case bind, rebind, unbind, revoke, authenticate, rekey, note, associate, deactivate

    func apply(to key: KeyRegistration) throws -> KeyRegistration {
      let now = try Sample.now()
      return switch self {
      case .bind: try key.bound(to: Sample.phone(4015), proveID: nil, at: now)
      case .rebind: try key.rebound(to: Sample.phone(4015), proveID: nil, at: now)
      case .unbind: try key.unbound()
      case .revoke: key.revoked(at: now)
      case .authenticate: try key.authenticated(at: now)
      case .rekey: try key.rekeyed(Sample.publicKey(2))
      case .note: try key.noting(Sample.assertion(counter: 5, generation: 3))
      case .associate:
        try key.associated(
          clientCustomerID: ClientCustomerID("customer"), clientHumanID: ClientHumanID("human"),
          visitorID: VisitorID("another"))
      case .deactivate: try key.deactivated(at: now)
      }
    }

    func expected(from state: RegistrationStateName) -> Expected {
      switch (state, self) {
      case (.revoked, .revoke): .unchanged
      case (.revoked, _): .error(.revoked)
      case (_, .revoke): .state(.revoked)
      case (_, .rekey), (_, .note), (_, .associate): .state(state)
      case (.bound, .bind): .error(.illegalMove(from: .bound, to: .bind))
      case (.bound, .unbind): .state(.unbound)
      case (_, .bind): .state(.bound)
      case (.bound, _): .state(.bound)
      case (_, .rebind), (_, .unbind), (_, .authenticate), (_, .deactivate): .error(.notBound)
      }
    }
  }

  private func key(in state: RegistrationStateName) throws -> KeyRegistration {
    switch state {
    case .placed: try Sample.placed()
    case .bound: try Sample.bound()
    case .unbound: try Sample.unbound()
    case .revoked: try Sample.revoked()
    }
  }

  @Test(
    "each move from each state is allowed or refused by name",
    arguments: RegistrationStateName.allCases, Move.allCases)
  func moves(state: RegistrationStateName, move: Move) throws {
    let key = try key(in: state)
    #expect(key.state.name == state)
    switch move.expected(from: state) {
    case .state(let next):
      let moved = try move.apply(to: key)
      #expect(moved.state.name == next)
      #expect(moved.version == key.version + 1)
      #expect(moved.deviceID == key.deviceID)
      #expect(moved.placedAt == key.placedAt)
    case .unchanged:
      #expect(try move.apply(to: key) == key)
    case .error(let error):
      #expect(throws: error) { try move.apply(to: key) }
    }
  }

  @Test("a key begins placed, at version 1, with nothing known of its use")
  func begins() throws {
    let key = try Sample.placed()
    #expect(key.state == .placed)
    #expect(key.version == 1)
    #expect(key.binding == nil)
    #expect(key.association == nil)
    #expect(key.lastAuthenticatedAt == nil)
    #expect(key.deactivatedAt == nil)
    #expect(key.replayWindow == nil)
    #expect(key.vaultState == nil)
    #expect(!key.isRevoked)
  }

  @Test("binding is a completed authentication (R2)")
  func bindingAuthenticates() throws {
    let now = try Sample.now()
    let key = try Sample.placed().bound(to: Sample.phone(), proveID: Sample.person(), at: now)
    #expect(
      key.binding
        == .init(phoneNumber: try Sample.phone(), proveID: try Sample.person(), boundAt: now))
    #expect(key.association == key.binding)
    #expect(key.lastAuthenticatedAt == now)
  }

  @Test("R7: rebinding keeps the deviceId and the key and changes the number")
  func rebinding() throws {
    let key = try Sample.bound()
    let rebound = try key.rebound(to: Sample.phone(4015), proveID: nil, at: Sample.now())
    #expect(rebound.deviceID == key.deviceID)
    #expect(rebound.publicKey == key.publicKey)
    #expect(rebound.binding?.phoneNumber == (try Sample.phone(4015)))
    #expect(rebound.binding?.proveID == nil)
    #expect(rebound.binding?.boundAt == (try Sample.now()))
  }

  @Test("R15: unbinding keeps the key and remembers whom it was bound to; it may be bound again")
  func unbinding() throws {
    let key = try Sample.bound()
    let unbound = try key.unbound()
    #expect(unbound.binding == nil)
    #expect(unbound.association == key.binding)
    #expect(unbound.publicKey == key.publicKey)
    let again = try unbound.bound(to: Sample.phone(4015), proveID: nil, at: Sample.now())
    #expect(again.binding?.phoneNumber == (try Sample.phone(4015)))
    #expect(again.version == key.version + 2)
  }

  @Test("R9: a revoked key never changes again, and remembers when, why and whose it was")
  func revocation() throws {
    let now = try Sample.now()
    for key in [try Sample.placed(), try Sample.bound(), try Sample.unbound()] {
      let revoked = key.revoked(because: .superseded, at: now)
      #expect(
        revoked.state
          == .revoked(.init(revokedAt: now, cause: .superseded, former: key.association)))
      #expect(revoked.association == key.association)
      #expect(revoked.binding == nil)
      #expect(revoked.isRevoked)
      for move in Move.allCases where move != .revoke {
        #expect(throws: ModelError.revoked) { try move.apply(to: revoked) }
      }
      #expect(revoked.revoked(because: .requested, at: now.adding(seconds: 60)) == revoked)
    }
  }

  @Test("R13: a new public key retires the old and clears its counter and vault, nothing else")
  func rekeying() throws {
    let key = try Sample.bound().noting(Sample.assertion(counter: 5, generation: 3))
    #expect(key.replayWindow != nil)
    #expect(key.vaultState != nil)
    let rekeyed = try key.rekeyed(Sample.publicKey(2))
    #expect(rekeyed.publicKey == (try Sample.publicKey(2)))
    #expect(rekeyed.replayWindow == nil)
    #expect(rekeyed.vaultState == nil)
    #expect(rekeyed.deviceID == key.deviceID)
    #expect(rekeyed.state == key.state)
    #expect(rekeyed.lastAuthenticatedAt == key.lastAuthenticatedAt)
  }

  @Test("the last authentication never goes back, in any order of instants")
  func neverBack() throws {
    var generator = SplitMix64(seed: 5)
    var key = try Sample.bound()
    let start = try Sample.now()
    for step in 0..<500 {
      let before = try #require(key.lastAuthenticatedAt)
      let instant = start.adding(seconds: Int64.random(in: -100_000...100_000, using: &generator))
      key =
        step.isMultiple(of: 3)
        ? try key.rebound(to: Sample.phone(), proveID: nil, at: instant)
        : try key.authenticated(at: instant)
      #expect(key.lastAuthenticatedAt == max(before, instant))
    }
  }

  @Test("a sweep's note is made once; binding anew takes it away")
  func deactivation() throws {
    let now = try Sample.now()
    let swept = try Sample.bound().deactivated(at: now)
    #expect(swept.deactivatedAt == now)
    #expect(try swept.deactivated(at: now.adding(seconds: 60)) == swept)
    #expect(try swept.authenticated(at: now).deactivatedAt == now)
    #expect(try swept.rebound(to: Sample.phone(), proveID: nil, at: now).deactivatedAt == nil)
  }

  @Test("R10: what a request names is kept, what it does not name stays, and no news is no write")
  func association() throws {
    let key = try Sample.bound()
    let customer = try ClientCustomerID(validating: "customer")
    let human = try ClientHumanID(validating: "human")
    let first = try key.associated(
      clientCustomerID: customer, clientHumanID: nil, visitorID: nil)
    let second = try first.associated(
      clientCustomerID: nil, clientHumanID: human, visitorID: nil)
    #expect(second.clientCustomerID == customer)
    #expect(second.clientHumanID == human)
    #expect(second.visitorID == key.visitorID)
    let same = try second.associated(
      clientCustomerID: customer, clientHumanID: human, visitorID: key.visitorID)
    #expect(same == second)
    let none = try second.associated(clientCustomerID: nil, clientHumanID: nil, visitorID: nil)
    #expect(none == second)
  }

  @Test("a registration put together from its parts equals the one it came from")
  func restoring() throws {
    for state in RegistrationStateName.allCases {
      let key = try key(in: state)
      let restored = KeyRegistration(
        deviceID: key.deviceID, publicKey: key.publicKey, state: key.state, device: key.device,
        clientCustomerID: key.clientCustomerID, clientHumanID: key.clientHumanID,
        visitorID: key.visitorID, placedAt: key.placedAt,
        lastAuthenticatedAt: key.lastAuthenticatedAt, deactivatedAt: key.deactivatedAt,
        replayWindow: key.replayWindow, vaultState: key.vaultState, version: key.version)
      #expect(restored == key)
    }
  }
}
