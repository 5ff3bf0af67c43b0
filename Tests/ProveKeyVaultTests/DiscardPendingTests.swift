import ProveKeyModel
import ProveKeyVault
import Testing

@Suite("discarding a pending key")
struct DiscardPendingTests {
  let fixture: VaultFixture

  init() throws { fixture = try VaultFixture() }

  @Test("the very key goes with its secret; the placed key of the same id stays and signs")
  func discard() throws {
    let scope = try scope()
    let vault = try fixture.open()
    let placed = try vault.confirmKey(try vault.placeKey(in: scope).deviceID, in: scope)
    let pending = try vault.placeKey(in: scope, as: placed.deviceID)
    #expect(try vault.discardPendingKey(pending))
    #expect(try vault.keys(in: scope) == [placed])
    #expect(try vaultError { _ = try vault.sign(challenge, with: pending) } == .unknownKey)
    #expect(try verifies(try vault.sign(challenge, with: placed), of: placed))
    #expect(try vault.verify().isSound)
    try vault.close()
    #expect(try fixture.open().keys(in: scope) == [placed])
  }

  @Test("a key that was confirmed, replaced or discarded since is left alone")
  func notThisOne() throws {
    let scope = try scope()
    let vault = try fixture.open()
    let first = try vault.placeKey(in: scope)
    let second = try vault.placeKey(in: scope, as: try deviceID("another"))
    #expect(try !vault.discardPendingKey(first))
    #expect(try vault.pendingKey(in: scope) == second)
    let placed = try vault.confirmKey(second.deviceID, in: scope)
    #expect(try !vault.discardPendingKey(second))
    #expect(try vault.keys(in: scope) == [placed])
    let again = try vault.placeKey(in: scope)
    #expect(try vault.discardPendingKey(again))
    #expect(try !vault.discardPendingKey(again))
  }
}
