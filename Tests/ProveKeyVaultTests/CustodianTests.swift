import Foundation
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import Testing

@testable import ProveKeyVault

@Suite("keys that a custodian holds")
struct CustodianTests {
  let fixture: VaultFixture
  let custodian = SoftwareCustodian()

  init() throws { fixture = try VaultFixture() }

  private struct OfItsOwn: Error {}

  @Test("a custodian's key goes through both phases, signs, and says by whom it is held")
  func enrolment() throws {
    let vault = try fixture.open()
    let scope = try scope()
    let pending = try vault.placeKey(in: scope, custodian: custodian)
    #expect(pending.custodian == "software" && pending.state == .pending)
    let offer = try vault.offer(pending, for: challenge)
    #expect(offer.publicKey == pending.publicKey)
    let placed = try vault.confirmKey(pending.deviceID, in: scope)
    #expect(placed.custodian == "software" && placed.publicKey == pending.publicKey)
    #expect(try vault.currentKey(in: scope) == placed)
    let first = try vault.sign(challenge, with: placed)
    let second = try vault.sign(challenge, with: placed.deviceID)
    #expect(try verifies(first, of: placed) && verifies(second, of: placed))
    #expect(try #require(second.counter) > (try #require(first.counter)))
    #expect(second.vaultState != nil)
    #expect(custodian.made == 1)
    #expect(try vault.verify().isSound && vault.info().keys == 1)
    #expect(try vault.placeKey(in: self.scope2()).custodian == nil)
  }

  private func scope2() throws -> KeyScope { try scope("https://other.example") }

  @Test(
    "after reopening the vault must be told of the custodian before it signs, not before it shows")
  func reopening() throws {
    let scope = try scope()
    let vault = try fixture.open()
    let key = try vault.placeKey(in: scope, custodian: custodian)
    let before = try #require(vault.sign(challenge, with: key).counter)
    try vault.close()
    let again = try fixture.open()
    #expect(try again.keys(in: scope) == [key])
    #expect(throws: VaultError.custodianMissing("software")) {
      _ = try again.sign(challenge, with: key)
    }
    try again.use(custodian: custodian)
    let after = try again.sign(challenge, with: key)
    #expect(try verifies(after, of: key) && after.counter ?? 0 > before)
    #expect(throws: VaultError.custodianName) {
      try again.use(custodian: SoftwareCustodian("caf\u{e9}"))
    }
  }

  @Test("only the handle is in the vault, sealed, and rotation and backup carry it")
  func handles() throws {
    let vault = try fixture.open()
    let keys = [
      try vault.placeKey(in: scope(), custodian: custodian),
      try vault.placeKey(in: scope2(), custodian: custodian),
    ]
    #expect(Set(try vault.custodianHandles(of: "software")) == custodian.handles)
    #expect(try vault.custodianHandles(of: "another").isEmpty)
    try vault.rotate()
    try vault.backup(to: fixture.path("copy"))
    try vault.close()
    let copy = try fixture.open("copy")
    try copy.use(custodian: custodian)
    for key in keys { #expect(try verifies(copy.sign(challenge, with: key), of: key)) }
    #expect(Set(try copy.custodianHandles(of: "software")) == custodian.handles)
    let bytes = Data(try fixture.bytes())
    for handle in custodian.handles { #expect(bytes.range(of: Data(handle)) == nil) }
  }

  @Test("removing, discarding and replacing a key deletes it with its custodian, and no other")
  func removal() throws {
    let vault = try fixture.open()
    let (scope, id) = (try scope(), try deviceID("d"))
    let kept = try vault.placeKey(in: scope2(), custodian: custodian)
    func others() throws -> Int { try vault.custodianHandles(of: "software").count - 1 }

    try vault.confirmKey(
      try vault.placeKey(in: scope, as: id, custodian: custodian).deviceID, in: scope)
    // A new key of the same id: the old one goes when the new one is confirmed, not before.
    _ = try vault.placeKey(in: scope, as: id, custodian: custodian)
    #expect(custodian.handles.count == 3)
    try vault.confirmKey(id, in: scope)
    #expect(custodian.handles.count == 2)
    #expect(try others() == 1)
    // A pending key of another id takes the pending one's place.
    _ = try vault.placeKey(in: scope, as: deviceID("e"), custodian: custodian)
    let last = try vault.placeKey(in: scope, as: deviceID("f"), custodian: custodian)
    #expect(custodian.handles.count == 3)
    #expect(try vault.discardPendingKey(last))
    #expect(custodian.handles.count == 2)
    #expect(try vault.removeKey(id))
    #expect(Set(try vault.custodianHandles(of: "software")) == custodian.handles)
    #expect(custodian.handles.count == 1)
    #expect(try verifies(vault.sign(challenge, with: kept), of: kept))
    #expect(try vault.verify().isSound)
  }

  @Test("a pending key is gone on with when the same custodian holds it, and replaced otherwise")
  func goingOn() throws {
    let vault = try fixture.open()
    let scope = try scope()
    let first = try vault.placeKey(in: scope, custodian: custodian)
    #expect(try vault.placeKey(in: scope, custodian: custodian) == first)
    #expect(try vault.placeKey(in: scope, as: first.deviceID, custodian: custodian) == first)
    #expect(custodian.made == 1)
    // Asked of the vault, it is what is there; asked of another custodian, hardware must be hardware.
    #expect(try vault.placeKey(in: scope) == first)
    let other = SoftwareCustodian("other")
    let second = try vault.placeKey(in: scope, custodian: other)
    #expect(second.custodian == "other" && second != first)
    #expect(custodian.handles.isEmpty && other.handles.count == 1)
  }

  @Test(
    "a custodian that makes no usable key is an error, and nothing is left in the vault or with it")
  func making() throws {
    let vault = try fixture.open()
    let scope = try scope()
    let generation = try vault.info().generation
    custodian.fail(.throwsAtMaking)
    #expect(throws: VaultError.custodian("software", .failed(.unavailable))) {
      _ = try vault.placeKey(in: scope, custodian: custodian)
    }
    for fault in [SoftwareCustodian.Fault.emptyHandle, .longHandle] {
      custodian.fail(fault)
      #expect(throws: VaultError.custodian("software", .unusableKey)) {
        _ = try vault.placeKey(in: scope, custodian: custodian)
      }
    }
    #expect(try vault.info().generation == generation && vault.info().records == 0)
    custodian.fail(nil)
    let key = try vault.placeKey(in: scope, custodian: custodian)
    custodian.fail(.sameKeyAgain)
    #expect(throws: VaultError.custodian("software", .unusableKey)) {
      _ = try vault.placeKey(in: scope2(), custodian: custodian)
    }
    // The key that is in use was not deleted for it.
    custodian.fail(nil)
    #expect(try verifies(vault.sign(challenge, with: key), of: key))
    // An id of another scope: what was made for it is deleted.
    let before = custodian.handles
    #expect(throws: VaultError.deviceIDTaken) {
      _ = try vault.placeKey(in: scope2(), as: key.deviceID, custodian: custodian)
    }
    #expect(custodian.handles == before)
    #expect(try vault.verify().isSound)
  }

  @Test(
    "a signature that is none, or of another message, is never given out, and the key stays usable")
  func signing() throws {
    let vault = try fixture.open()
    let key = try vault.placeKey(in: scope(), custodian: custodian)
    let before = try #require(vault.sign(challenge, with: key).counter)
    let expected: [(SoftwareCustodian.Fault, CustodianProblem)] = [
      (.shortSignature, .wrongSignature), (.foreignSignature, .wrongSignature),
      (.throwsAtSigning(CustodianError.refused), .failed(.refused)),
      (.throwsAtSigning(OfItsOwn()), .failed(.failed(code: 0))),
    ]
    for (fault, problem) in expected {
      custodian.fail(fault)
      #expect(throws: VaultError.custodian("software", problem)) {
        _ = try vault.sign(challenge, with: key)
      }
    }
    custodian.fail(nil)
    let after = try vault.sign(challenge, with: key)
    // The values of the failed calls are skipped, never used again.
    #expect(after.counter == before + 5)
    #expect(try verifies(after, of: key))
  }

  @Test("while a custodian signs, other calls of the vault go on")
  func outsideTheLock() throws {
    let vault = try fixture.open()
    let key = try vault.placeKey(in: scope(), custodian: custodian)
    let found = Locked<Int>(0)
    let other = try scope2()
    custodian.duringSigning.withLock { [vault] body in
      // Would wait for ever, were the lock held.
      body = {
        let count = try vault.keys(in: other).count + vault.info().keys
        found.withLock { $0 = count }
      }
    }
    _ = try vault.sign(challenge, with: key)
    #expect(found.withLock { $0 } == 1)
  }

  @Test("a removal that the custodian does not follow is told, and its handle is no longer listed")
  func orphan() throws {
    let vault = try fixture.open()
    let key = try vault.placeKey(in: scope(), custodian: custodian)
    custodian.fail(.throwsAtDeleting)
    #expect(throws: VaultError.custodian("software", .failed(.refused))) {
      try vault.removeKey(key.deviceID)
    }
    #expect(try vault.key(key.deviceID) == nil)
    let orphans = custodian.handles.subtracting(try vault.custodianHandles(of: "software"))
    #expect(orphans.count == 1)
    let second = try vault.placeKey(in: scope(), custodian: custodian)
    try vault.close()
    let again = try fixture.open()
    #expect(throws: VaultError.custodianMissing("software")) {
      try again.removeKey(second.deviceID)
    }
    #expect(try again.key(second.deviceID) == nil)
  }

  @Test("an ES256 key is kept and its signature passed on; only its length is known here")
  func es256() throws {
    struct Enclave: KeyCustodian {
      let name = "enclave"
      func makeKey() throws -> CustodianKey {
        CustodianKey(
          handle: [1],
          publicKey: try PublicKey(algorithm: .es256, bytes: [4] + SecureRandom.bytes(64)))
      }
      func sign(_ message: [UInt8], with handle: [UInt8]) -> [UInt8] {
        [UInt8](repeating: 7, count: 64)
      }
      func delete(_ handle: [UInt8]) {}
    }
    let vault = try fixture.open()
    let key = try vault.placeKey(in: scope(), custodian: Enclave())
    #expect(key.publicKey.algorithm == .es256)
    #expect(try vault.sign(challenge, with: key).signature == [UInt8](repeating: 7, count: 64))
    try vault.close()
    #expect(try fixture.open().keys(in: scope()) == [key])
  }

  @Test(
    "a custodian's record that is not there, or is a seed, is a contradiction that verify finds")
  func contradictions() throws {
    let vault = try fixture.open()
    let scope = try scope()
    let key = try vault.placeKey(in: scope, custodian: custodian)
    try vault.withRing { ring throws(VaultError) in
      try ring.writing { writer throws(VaultError) in
        let keys = writer.reader.keys
        try writer.put(
          CustodianRecord(name: "another", handle: [1]).encoded,
          at: keys.seedLocator(key.publicKey),
          in: keys.partsNamespace(scope))
      }
    }
    #expect(try vault.verify().problems.contains(VaultDamage(.keys, .contradictory)))
    #expect(throws: VaultError.damaged(VaultDamage(.keys, .contradictory))) {
      _ = try vault.sign(challenge, with: key)
    }
  }

  @Test(
    "a custodian's record reads as it was written, and nothing cut short or altered is taken for one"
  )
  func record() throws {
    let record = CustodianRecord(name: "tpm", handle: SecureRandom.bytes(4_096))
    let bytes = record.encoded
    #expect(try CustodianRecord.decode(bytes) == record)
    let malformed = VaultError.damaged(VaultDamage(.record, .malformed))
    for count in [0, 1, 2, 5, 9, bytes.count - 1] {
      #expect(throws: malformed) { _ = try CustodianRecord.decode(Array(bytes[..<count])) }
    }
    for bad in [
      CustodianRecord(name: "tpm", handle: SecureRandom.bytes(4_097)),
      CustodianRecord(name: "tpm", handle: []), CustodianRecord(name: "", handle: [1]),
    ] {
      #expect(throws: malformed) { _ = try CustodianRecord.decode(bad.encoded) }
    }
    #expect(throws: malformed) { _ = try CustodianRecord.decode(bytes + [0]) }
  }
}
