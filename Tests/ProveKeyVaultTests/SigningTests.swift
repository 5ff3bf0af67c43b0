import Dispatch
import ProveKeyModel
import ProveKeyPlatform
import Testing

@testable import ProveKeyVault

@Suite("signing")
struct SigningTests {
  let fixture: VaultFixture

  init() throws { fixture = try VaultFixture() }

  /// A vault with one placed key.
  private func makeKey(mode: VaultMode = .exclusive) throws -> (KeyVault, ProveKey) {
    let vault = try fixture.open(mode: mode)
    return (vault, try vault.confirmKey(vault.placeKey(in: scope()).deviceID, in: scope()))
  }

  private func counter(_ vault: KeyVault, _ key: ProveKey) throws -> UInt64 {
    try #require(try vault.sign(challenge, with: key).counter)
  }

  @Test("the signature covers challenge, device id, counter, generation and digest")
  func signatureCovers() throws {
    let (vault, key) = try makeKey()
    let assertion = try vault.sign(challenge, with: key.deviceID)
    #expect(assertion.deviceID == key.deviceID)
    #expect(try verifies(assertion, of: key))
    #expect(try !verifies(assertion, of: key, for: challenge + [0]))
    let state = try #require(assertion.vaultState)
    let changed = [
      try KeyAssertion(
        deviceID: deviceID("d"), counter: assertion.counter, vaultState: state,
        signature: assertion.signature),
      try KeyAssertion(
        deviceID: key.deviceID, counter: 2, vaultState: state, signature: assertion.signature),
      try KeyAssertion(
        deviceID: key.deviceID, counter: assertion.counter,
        vaultState: .init(generation: state.generation + 1, digest: state.digest),
        signature: assertion.signature),
    ]
    for assertion in changed { #expect(try !verifies(assertion, of: key)) }
  }

  @Test("a challenge has 16 to 255 bytes", arguments: [0, 15, 16, 255, 256])
  func challengeBounds(count: Int) throws {
    let (vault, key) = try makeKey()
    let error = try vaultError {
      _ = try vault.sign([UInt8](repeating: 7, count: count), with: key.deviceID)
    }
    #expect(error == ((16...255).contains(count) ? nil : .challengeOutOfBounds))
  }

  @Test("an id that names no key is refused")
  func unknownKey() throws {
    let (vault, _) = try makeKey()
    let id = try deviceID("d-0")
    #expect(try vaultError { _ = try vault.sign(challenge, with: id) } == .unknownKey)
  }

  @Test("counters rise by one while a vault is open and never go back (V10)")
  func countersRise() throws {
    let (vault, key) = try makeKey()
    let counters = try (0..<600).map { _ in try counter(vault, key) }
    #expect(counters == Array(1...600))
    try vault.close()
    #expect(try counter(fixture.open(), key) > 600)
  }

  @Test("after a crash no counter is given out again, wherever in a block it comes (V10)")
  func countersAfterCrash() throws {
    let (vault, key) = try makeKey()
    for index in 1...514 {
      let last = try counter(vault, key)
      guard [1, 2, 255, 256, 257, 511, 512, 513].contains(index) else { continue }
      try fixture.crashCopy(to: "crashed-\(index)")
      let after = try fixture.open("crashed-\(index)")
      #expect(try counter(after, key) > last)
    }
  }

  @Test("a block of counters costs one write in exclusive mode, each one a write in shared mode")
  func writesPerSignature() throws {
    let (vault, key) = try makeKey()
    let before = try vault.info().generation
    for _ in 0..<2 * VaultLimits.counterBlock { _ = try counter(vault, key) }
    #expect(try vault.info().generation == before + 2)
    try vault.close()
    let shared = try fixture.open(mode: .shared)
    for _ in 0..<5 { _ = try counter(shared, key) }
    #expect(try shared.info().generation == before + 7)
  }

  @Test("a new key of the same id counts anew, and the old one's counter goes on until then")
  func counterOfNewKey() throws {
    let (vault, old) = try makeKey()
    #expect(try counter(vault, old) == 1)
    let new = try vault.placeKey(in: scope(), as: old.deviceID)
    #expect(try counter(vault, new) == 1)
    #expect(try counter(vault, old) == 2)
    try vault.confirmKey(old.deviceID, in: scope())
    #expect(try counter(vault, new) == 2)
  }

  @Test("more keys sign in turn than are kept ready, and no counter comes twice")
  func moreKeysThanKept() throws {
    let vault = try fixture.open()
    let keys = try (0..<300).map { try vault.placeKey(in: scope("https://\($0).example")) }
    struct Signed: Hashable {
      let by: PublicKey
      let counter: UInt64
    }
    var seen: Set<Signed> = []
    for _ in 0..<2 {
      for key in keys {
        let assertion = try vault.sign(challenge, with: key)
        #expect(try verifies(assertion, of: key))
        #expect(
          seen.insert(Signed(by: key.publicKey, counter: try #require(assertion.counter))).inserted)
      }
    }
  }

  @Test(
    "eight threads signing with one key get each counter once (V10)",
    arguments: [VaultMode.exclusive, .shared])
  func threads(mode: VaultMode) throws {
    let (vault, key) = try makeKey(mode: mode)
    let rounds = mode == .exclusive ? 100 : 10
    let outcomes = Locked<(counters: [UInt64], failures: Int)>(([], 0))
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      for _ in 0..<rounds {
        let assertion = try? vault.sign(challenge, with: key.deviceID)  // counted as a failure
        let isGood = assertion.map { (try? verifies($0, of: key)) == true } == true
        outcomes.withLock { outcomes in
          if isGood, let counter = assertion?.counter {
            outcomes.counters.append(counter)
          } else {
            outcomes.failures += 1
          }
        }
      }
    }
    let (counters, failures) = outcomes.withLock { ($0.counters, $0.failures) }
    #expect(failures == 0)
    #expect(Set(counters).count == 8 * rounds)
    #expect(counters.max() == UInt64(8 * rounds))
  }

  @Test("threads that place, look up, sign and remove at once leave a sound vault")
  func mixedThreads() throws {
    let (vault, key) = try makeKey()
    let failures = Locked<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 8) { worker in
      do {
        let own = try scope("https://\(worker).example")
        for _ in 0..<10 {
          let placed = try vault.confirmKey(vault.placeKey(in: own).deviceID, in: own)
          let isFound =
            try vault.currentKey(in: own) == placed && vault.key(placed.deviceID) == placed
          let isGood = try verifies(vault.sign(challenge, with: key.deviceID), of: key)
          let isGone = try vault.removeKey(placed.deviceID) && vault.key(placed.deviceID) == nil
          if !(isFound && isGood && isGone) { failures.withLock { $0.append("wrong answer") } }
        }
      } catch {
        failures.withLock { $0.append("\(error)") }
      }
    }
    #expect(failures.withLock { $0 } == [])
    #expect(try vault.info().keys == 1)
    #expect(try vault.verify().isSound)
  }

  @Test("the digest stands for the content: same generation, same digest; a write changes both")
  func digestOfAssertions() throws {
    let (vault, key) = try makeKey()
    let first = try #require(try vault.sign(challenge, with: key).vaultState)
    #expect(try vault.sign(challenge, with: key).vaultState == first)
    _ = try vault.placeKey(in: scope())
    let second = try #require(try vault.sign(challenge, with: key).vaultState)
    #expect(second.generation == first.generation + 1)
    #expect(second.digest != first.digest)
  }

  @Test("two copies of a vault that went on apart show one generation with two digests")
  func forkedCopies() throws {
    let (vault, key) = try makeKey()
    try fixture.crashCopy(to: "copy")
    let copy = try fixture.open("copy")
    let states = try [vault, copy].map { vault in
      try #require(try vault.sign(challenge, with: key).vaultState)
    }
    #expect(states[0].generation == states[1].generation)
    #expect(states[0].digest != states[1].digest)
  }

  @Test("a whole older file put back shows by its generation and counter alone")
  func wholeFileRollback() throws {
    let (vault, key) = try makeKey()
    let first = try vault.sign(challenge, with: key)
    try fixture.crashCopy(to: "older")
    for _ in 0..<VaultLimits.counterBlock + 40 { _ = try vault.sign(challenge, with: key) }
    let last = try vault.sign(challenge, with: key)
    try vault.close()
    let older = try fixture.open("older")
    let again = try older.sign(challenge, with: key)
    #expect(try verifies(again, of: key))
    #expect(try #require(again.counter) < #require(last.counter))
    #expect(try #require(again.counter) > #require(first.counter))
    #expect(try #require(again.vaultState).generation <= #require(last.vaultState).generation)
  }
}
