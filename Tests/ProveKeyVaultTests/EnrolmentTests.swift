import ProveKeyModel
import ProveKeySealing
import ProveKeyVault
import Testing

@Suite("enrolment in two phases")
struct EnrolmentTests {
  let fixture: VaultFixture

  init() throws { fixture = try VaultFixture() }

  @Test("a key is pending until it is confirmed, and is found again after reopening")
  func lifeOfAKey() throws {
    let scope = try scope()
    let placed: ProveKey
    do {
      let vault = try fixture.open()
      #expect(try vault.currentKey(in: scope) == nil)
      let pending = try vault.placeKey(in: scope)
      #expect(pending.state == .pending)
      #expect(pending.confirmedAt == nil)
      #expect(try vault.pendingKey(in: scope) == pending)
      placed = try vault.confirmKey(pending.deviceID, in: scope)
      #expect(placed.state == .placed)
      #expect(placed.publicKey == pending.publicKey)
      #expect(placed.createdAt == pending.createdAt)
      #expect(try vault.pendingKey(in: scope) == nil)
      try vault.close()
    }
    let vault = try fixture.open()
    #expect(try vault.currentKey(in: scope) == placed)
    #expect(try vault.key(placed.deviceID) == placed)
    #expect(try vault.keys(in: scope) == [placed])
    let assertion = try vault.sign(challenge, with: placed.deviceID)
    #expect(try verifies(assertion, of: placed))
    #expect(try vault.verify().isSound)
  }
}
