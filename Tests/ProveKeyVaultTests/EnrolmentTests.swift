import ProveKeyModel
import ProveKeyVault
import Testing

@Suite("enrolment in two phases")
struct EnrolmentTests {
  let fixture: VaultFixture

  init() throws { fixture = try VaultFixture() }

  @Test("a key is pending until it is confirmed, and is found again after reopening")
  func lifeOfAKey() throws {
    let scope = try scope()
    let vault = try fixture.open()
    #expect(try vault.currentKey(in: scope) == nil)
    let pending = try vault.placeKey(in: scope)
    #expect(pending.state == .pending)
    #expect(pending.confirmedAt == nil)
    #expect(try vault.pendingKey(in: scope) == pending)
    #expect(try vault.currentKey(in: scope) == pending)
    let placed = try vault.confirmKey(pending.deviceID, in: scope)
    #expect(placed.state == .placed)
    #expect(placed.publicKey == pending.publicKey)
    #expect(placed.createdAt == pending.createdAt)
    #expect(placed.confirmedAt.map { $0 > placed.createdAt } == true)
    #expect(try vault.pendingKey(in: scope) == nil)
    try vault.close()

    let again = try fixture.open()
    #expect(try again.currentKey(in: scope) == placed)
    #expect(try again.key(placed.deviceID) == placed)
    #expect(try again.keys(in: scope) == [placed])
    #expect(try verifies(again.sign(challenge, with: placed.deviceID), of: placed))
    #expect(try again.verify().isSound)
  }

  @Test("placing again returns the pending key, also after reopening (V8)")
  func placingIsIdempotent() throws {
    let scope = try scope()
    let vault = try fixture.open()
    let first = try vault.placeKey(in: scope)
    let generation = try vault.info().generation
    #expect(try vault.placeKey(in: scope) == first)
    #expect(try vault.placeKey(in: scope, as: first.deviceID) == first)
    #expect(try vault.info().generation == generation)
    try vault.close()
    let again = try fixture.open()
    #expect(try again.placeKey(in: scope) == first)
    #expect(try again.keys(in: scope).count == 1)
  }

  @Test("another id replaces the pending key, whose secret is gone (V8, V9)")
  func anotherPendingKey() throws {
    let scope = try scope()
    let vault = try fixture.open()
    let first = try vault.placeKey(in: scope)
    let second = try vault.placeKey(in: scope, as: deviceID("d-2"))
    #expect(second.deviceID.rawValue == "d-2")
    #expect(try vault.keys(in: scope) == [second])
    #expect(try vault.key(first.deviceID) == nil)
    #expect(try vaultError { _ = try vault.sign(challenge, with: first) } == .unknownKey)
    #expect(try vault.info().keys == 1)
    #expect(try vault.info().records == 3)
    #expect(try vault.verify().isSound)
  }

  @Test("a new key of the same id stands beside the placed one until it is confirmed (V9)")
  func replacingAKey() throws {
    let scope = try scope()
    let vault = try fixture.open()
    let old = try vault.confirmKey(vault.placeKey(in: scope).deviceID, in: scope)
    let new = try vault.placeKey(in: scope, as: old.deviceID)
    #expect(new.publicKey != old.publicKey)
    #expect(try vault.key(old.deviceID) == old)
    #expect(try vault.currentKey(in: scope) == old)
    #expect(try vault.pendingKey(in: scope) == new)
    #expect(try vault.keys(in: scope) == [new, old])
    #expect(try verifies(vault.sign(challenge, with: old.deviceID), of: old))
    #expect(try verifies(vault.sign(challenge, with: new), of: new))

    let confirmed = try vault.confirmKey(old.deviceID, in: scope)
    #expect(confirmed.publicKey == new.publicKey)
    #expect(try vault.keys(in: scope) == [confirmed])
    #expect(try vaultError { _ = try vault.sign(challenge, with: old) } == .unknownKey)
    // Facts, seed, counter of the new key, and the directory: nothing of the old one.
    #expect(try vault.info().records == 4)
    #expect(try vault.info().keys == 1)
    #expect(try vault.verify().isSound)
    // The value that was returned as pending still names the key that it became.
    #expect(try verifies(vault.sign(challenge, with: new), of: confirmed))
  }

  @Test("confirming a placed key again changes nothing")
  func confirmingAgain() throws {
    let scope = try scope()
    let vault = try fixture.open()
    let placed = try vault.confirmKey(vault.placeKey(in: scope).deviceID, in: scope)
    let generation = try vault.info().generation
    #expect(try vault.confirmKey(placed.deviceID, in: scope) == placed)
    #expect(try vault.info().generation == generation)
  }

  @Test("confirming what was never placed in the scope is refused")
  func confirmingUnknown() throws {
    let vault = try fixture.open()
    let key = try vault.placeKey(in: scope())
    let (unknown, other) = (try deviceID("d-0"), try scope("https://other.example"))
    #expect(try vaultError { try vault.confirmKey(unknown, in: scope()) } == .unknownKey)
    #expect(try vaultError { try vault.confirmKey(key.deviceID, in: other) } == .unknownKey)
    try vault.confirmKey(key.deviceID, in: scope())
    #expect(try vaultError { try vault.confirmKey(key.deviceID, in: other) } == .unknownKey)
  }

  @Test("an id names keys of one scope only (V8)")
  func oneScopePerID() throws {
    let vault = try fixture.open()
    let id = try deviceID("d-1")
    let others = [try scope("https://other.example"), try scope(config: .euProd)]
    _ = try vault.placeKey(in: scope(), as: id)
    for other in others {
      #expect(try vaultError { _ = try vault.placeKey(in: other, as: id) } == .deviceIDTaken)
    }
    try vault.confirmKey(id, in: scope())
    for other in others {
      #expect(try vaultError { _ = try vault.placeKey(in: other, as: id) } == .deviceIDTaken)
      #expect(try vault.keys(in: other).isEmpty)
    }
    #expect(try vault.removeKey(id))
    #expect(try vault.placeKey(in: others[0], as: id).scope == others[0])
  }

  @Test("scopes that differ in build config or in one code unit are apart")
  func scopesAreApart() throws {
    let vault = try fixture.open()
    let scopes = [
      try scope(), try scope(config: .usProd), try scope("https://shop.example/"),
      try scope("caf\u{E9}"), try scope("cafe\u{301}"),
    ]
    let keys = try scopes.map { try vault.placeKey(in: $0) }
    for (scope, key) in zip(scopes, keys) {
      #expect(try vault.keys(in: scope) == [key])
      #expect(try vault.currentKey(in: scope) == key)
    }
    #expect(try vault.info().keys == scopes.count)
  }

  @Test("the key confirmed last is current, whatever the clock says")
  func currentKeyByConfirmation() throws {
    let scope = try scope()
    let vault = try fixture.open()
    let first = try vault.confirmKey(vault.placeKey(in: scope).deviceID, in: scope)
    fixture.clock.turnBack(milliseconds: 86_400_000)
    let second = try vault.confirmKey(vault.placeKey(in: scope).deviceID, in: scope)
    #expect(try #require(second.confirmedAt) < #require(first.confirmedAt))
    #expect(try vault.currentKey(in: scope) == second)
    #expect(try vault.keys(in: scope) == [second, first])
    #expect(try vault.removeKey(second.deviceID))
    #expect(try vault.currentKey(in: scope) == first)
    let pending = try vault.placeKey(in: scope)
    #expect(try vault.currentKey(in: scope) == first)
    #expect(try vault.removeKey(first.deviceID))
    #expect(try vault.currentKey(in: scope) == pending)
  }

  @Test("removing takes the placed and the pending key of an id, and all that belongs to them")
  func removing() throws {
    let scope = try scope()
    let vault = try fixture.open()
    let placed = try vault.confirmKey(vault.placeKey(in: scope).deviceID, in: scope)
    let pending = try vault.placeKey(in: scope, as: placed.deviceID)
    _ = try vault.sign(challenge, with: placed)
    _ = try vault.sign(challenge, with: pending)
    #expect(try vault.removeKey(placed.deviceID))
    #expect(try !vault.removeKey(placed.deviceID))
    #expect(try vault.info().records == 0)
    #expect(try vault.info().keys == 0)
    #expect(try vault.currentKey(in: scope) == nil)
    #expect(try vaultError { _ = try vault.sign(challenge, with: placed) } == .unknownKey)
    #expect(try vaultError { _ = try vault.offer(pending, for: challenge) } == .unknownKey)
    try vault.close()
    let again = try fixture.open()
    #expect(try again.key(placed.deviceID) == nil)
    #expect(try again.verify().records == 0)
  }

  @Test("an offer proves possession of the pending key")
  func offering() throws {
    let vault = try fixture.open()
    let pending = try vault.placeKey(in: scope())
    let offer = try vault.offer(pending, for: challenge)
    #expect(offer.deviceID == pending.deviceID)
    #expect(offer.publicKey == pending.publicKey)
    #expect(try verifies(offer.proof, of: pending))
    // After a crash the key may have been confirmed when it is offered again.
    let placed = try vault.confirmKey(pending.deviceID, in: scope())
    #expect(try verifies(vault.offer(pending, for: challenge).proof, of: placed))
  }

  @Test("a scope has at most 1,000 keys")
  func limitOfKeys() throws {
    let scope = try scope()
    let vault = try fixture.open()
    for _ in 0..<999 {
      try vault.confirmKey(vault.placeKey(in: scope).deviceID, in: scope)
    }
    let last = try vault.placeKey(in: scope)
    // The pending key makes room for the one that replaces it.
    let replaced = try vault.placeKey(in: scope, as: deviceID("d-1000"))
    #expect(try vault.key(last.deviceID) == nil)
    try vault.confirmKey(replaced.deviceID, in: scope)
    #expect(try vaultError { _ = try vault.placeKey(in: scope) } == .tooManyKeys)
    #expect(try vault.keys(in: scope).count == 1_000)
    _ = try vault.placeKey(in: self.scope("https://other.example"))
    #expect(try vault.verify().isSound)
  }

  private func scope(
    _ origin: String = "https://shop.example", config: BuildConfig = .usUAT
  ) throws -> KeyScope {
    try KeyScope(buildConfig: config, origin: origin)
  }
}

@Suite("what is in the vault after a crash at each point of enrolment")
struct CrashPointTests {
  let fixture: VaultFixture

  init() throws { fixture = try VaultFixture() }

  @Test("(a) before the key is durable: the vault is as it was")
  func beforeDurable() throws {
    let vault = try fixture.open()
    try fixture.crashCopy(to: "crashed")
    _ = try vault.placeKey(in: scope())
    let after = try fixture.open("crashed")
    #expect(try after.currentKey(in: scope()) == nil)
    #expect(try after.verify().isSound)
  }

  @Test("(b) durable, server not told: placing again gives the same key")
  func serverNotTold() throws {
    let vault = try fixture.open()
    let pending = try vault.placeKey(in: scope())
    try fixture.crashCopy(to: "crashed")
    let after = try fixture.open("crashed")
    #expect(try after.pendingKey(in: scope()) == pending)
    #expect(try after.placeKey(in: scope()) == pending)
  }

  @Test("(c) the server has it, its answer was lost: the same key is offered again and confirmed")
  func answerLost() throws {
    let vault = try fixture.open()
    let pending = try vault.placeKey(in: scope())
    let first = try vault.offer(pending, for: challenge)
    try fixture.crashCopy(to: "crashed")
    let after = try fixture.open("crashed")
    let second = try after.offer(after.placeKey(in: scope()), for: challenge)
    #expect(second.deviceID == first.deviceID)
    #expect(second.publicKey == first.publicKey)
    #expect(try #require(second.proof.counter) > #require(first.proof.counter))
    #expect(try after.confirmKey(second.deviceID, in: scope()).publicKey == first.publicKey)
  }

  @Test("(d) the answer is durable: the key is placed, and confirming again is harmless")
  func answerDurable() throws {
    let vault = try fixture.open()
    let placed = try vault.confirmKey(vault.placeKey(in: scope()).deviceID, in: scope())
    try fixture.crashCopy(to: "crashed")
    let after = try fixture.open("crashed")
    #expect(try after.currentKey(in: scope()) == placed)
    #expect(try after.confirmKey(placed.deviceID, in: scope()) == placed)
  }

  @Test("a crash while a key is being replaced leaves the old one or the new one, never neither")
  func whileReplacing() throws {
    let vault = try fixture.open()
    let old = try vault.confirmKey(vault.placeKey(in: scope()).deviceID, in: scope())
    try fixture.crashCopy(to: "before")
    let new = try vault.placeKey(in: scope(), as: old.deviceID)
    try fixture.crashCopy(to: "between")
    try vault.confirmKey(old.deviceID, in: scope())
    try fixture.crashCopy(to: "after")
    for (name, current) in [("before", old), ("between", old), ("after", new)] {
      let vault = try fixture.open(name)
      let key = try #require(try vault.currentKey(in: scope()))
      #expect(key.publicKey == current.publicKey)
      #expect(try verifies(vault.sign(challenge, with: key), of: current))
      #expect(try vault.verify().isSound)
    }
  }
}
