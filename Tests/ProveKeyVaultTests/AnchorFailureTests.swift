import Foundation
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import Testing

@testable import ProveKeyVault

/// A write whose anchor fails stands; so must everything that follows from it.
@Suite("an anchor that fails after a write")
struct AnchorFailureTests {
  let fixture: VaultFixture
  let custodian = SoftwareCustodian()
  private let anchor = Failing()

  init() throws { fixture = try VaultFixture() }

  private struct Failing: RollbackAnchor {
    let fails = Locked(false)

    func last() throws(AnchorError) -> AnchorMark? { nil }

    func advance(to mark: AnchorMark) throws(AnchorError) {
      if fails.withLock({ $0 }) { throw .failed(code: 5) }
    }

    func forget() throws(AnchorError) {}
  }

  private func open() throws -> KeyVault {
    try KeyVault.open(
      at: fixture.path, unlock: .rawKey(fixture.key), clock: fixture.clock.wallClock, anchor: anchor
    )
  }

  /// Runs `body` while the anchor fails, and asserts that this is what it throws.
  private func failing(_ body: () throws -> Void) throws {
    anchor.fails.withLock { $0 = true }
    #expect(try vaultError(body) == .anchor(.failed(code: 5)))
    anchor.fails.withLock { $0 = false }
  }

  private func logByteCount() throws -> Int {
    try fixture.bytes("device.vault-wal").count
  }

  @Test("a custodian's key whose record is durable is not deleted with the custodian (V15)")
  func placing() throws {
    let vault = try open()
    try failing { _ = try vault.placeKey(in: scope(), custodian: custodian) }
    let key = try #require(try vault.pendingKey(in: scope()))
    #expect(try Set(vault.custodianHandles(of: "software")) == custodian.handles)
    #expect(try verifies(vault.sign(challenge, with: key), of: key))
    #expect(try vault.placeKey(in: scope(), custodian: custodian) == key)
    #expect(custodian.made == 1)
  }

  @Test("a custodian's key whose record is gone is deleted with the custodian, and the log emptied")
  func removing() throws {
    let vault = try open()
    let (scope, id) = (try scope(), try deviceID("d"))
    try vault.confirmKey(
      vault.placeKey(in: scope, as: id, custodian: custodian).deviceID, in: scope)
    let next = try vault.placeKey(in: scope, as: id, custodian: custodian)
    #expect(custodian.handles.count == 2)
    try failing { try vault.confirmKey(next.deviceID, in: scope) }
    #expect(try Set(vault.custodianHandles(of: "software")) == custodian.handles)
    #expect(custodian.handles.count == 1)
    #expect(try logByteCount() == 0)

    let pending = try vault.placeKey(in: scope, as: deviceID("e"), custodian: custodian)
    try failing { try vault.discardPendingKey(pending) }
    #expect(custodian.handles.count == 1)
    try failing { try vault.removeKey(id) }
    #expect(custodian.handles.isEmpty)
    #expect(try logByteCount() == 0)
    #expect(try vault.info().keys == 0)
  }

  @Test(
    "a pending key that is replaced leaves the log, and its custodian, with or without an anchor")
  func replacing() throws {
    let vault = try open()
    _ = try vault.placeKey(in: scope(), as: deviceID("a"), custodian: custodian)
    _ = try vault.placeKey(in: scope(), as: deviceID("b"))
    #expect(custodian.handles.isEmpty)
    #expect(try logByteCount() == 0)
    try vault.localStorage(for: "https://a.example").setItem("k", "v")
    try failing { _ = try vault.placeKey(in: scope(), as: deviceID("c")) }
    #expect(try logByteCount() == 0)
  }

  @Test("a header that was replaced is the one that is told, and the old one leaves the log")
  func rewrapping() throws {
    let vault = try open()
    try failing { try vault.rewrap(unlock: .passphrase("correct horse", cost: .minimum)) }
    #expect(try vault.info().unlockMethod == "passphrase")
    #expect(try logByteCount() == 0)
  }

  @Test("a rotation goes on where the anchor failed, at each of its steps")
  func rotating() throws {
    let vault = try open()
    let key = try vault.placeKey(in: scope())
    try failing { try vault.rotate() }
    // The new data key is durable: what is written from now on is under it.
    #expect(try vault.info().epoch == 2)
    #expect(try vault.rotate().isResumed)
    #expect(try vault.info().epochs == [2])
    let error = try vaultError {
      try vault.rotate { progress in
        // From the last step on, which gives the old data key up.
        anchor.fails.withLock { $0 = progress.done == progress.total }
        return .goOn
      }
    }
    #expect(error == .anchor(.failed(code: 5)))
    anchor.fails.withLock { $0 = false }
    #expect(try vault.info().epochs == [3])
    #expect(try logByteCount() == 0)
    #expect(try vault.rotate().isComplete)
    #expect(try verifies(vault.sign(challenge, with: key), of: key))
    #expect(try vault.verify().isSound)
  }

  @Test("what is cleared leaves the log also when the anchor fails")
  func clearing() throws {
    let vault = try open()
    let storage = try vault.localStorage(for: "https://a.example")
    try storage.setItem("k", "v")
    try failing { try storage.clear() }
    #expect(try storage.count == 0)
    #expect(try logByteCount() == 0)
  }
}
