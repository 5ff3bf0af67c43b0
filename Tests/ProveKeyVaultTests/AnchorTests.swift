import Foundation
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import ProveKeyVault
import Testing

@Suite("an anchor outside the file")
struct AnchorTests {
  let fixture: VaultFixture

  init() throws { fixture = try VaultFixture() }

  private func open(
    _ anchor: any RollbackAnchor, _ name: String = "device.vault", mode: VaultMode = .exclusive
  ) throws -> KeyVault {
    try KeyVault.open(
      at: fixture.path(name), unlock: .rawKey(fixture.key), mode: mode, anchor: anchor)
  }

  private func anchors() -> [any RollbackAnchor] {
    [InMemoryRollbackAnchor(), FileRollbackAnchor(path: fixture.path("anchor"))]
  }

  @Test("the whole older file put back is refused, and the newest one opens")
  func olderFile() throws {
    for (index, anchor) in anchors().enumerated() {
      let name = "vault\(index)"
      let vault = try open(anchor, name)
      let key = try vault.placeKey(in: scope())
      try vault.close()
      let older = try fixture.bytes(name)
      let again = try open(anchor, name)
      _ = try again.sign(challenge, with: key)
      try again.close()
      let newest = try fixture.bytes(name)
      try fixture.write(older, to: name)
      #expect(try vaultError { _ = try open(anchor, name) } == .rolledBack)
      #expect(try vaultError { _ = try open(anchor, name) } == .rolledBack, "nor the second time")
      try fixture.write(newest, to: name)
      #expect(try open(anchor, name).key(key.deviceID) == key)
    }
  }

  @Test("a copy that went on by itself to the same generation is refused")
  func forked() throws {
    let anchor = InMemoryRollbackAnchor()
    let vault = try open(anchor)
    let key = try vault.placeKey(in: scope())
    try vault.close()
    try fixture.write(fixture.bytes(), to: "copy")
    // The same rows, counts and generations on both sides, and only the header differs.
    let original = try open(anchor)
    try original.rewrap(unlock: .rawKey(fixture.key))
    try original.close()
    let copy = try fixture.open("copy")
    try copy.rewrap(unlock: .rawKey(fixture.key))
    #expect(try copy.info().generation == anchor.last()?.generation)
    try copy.close()
    #expect(try vaultError { _ = try open(anchor, "copy") } == .rolledBack)
    #expect(try open(anchor).key(key.deviceID) == key)
  }

  @Test("a vault deleted, made anew or exchanged for another is refused, and none is made")
  func otherVault() throws {
    let anchor = InMemoryRollbackAnchor()
    try open(anchor).close()
    try fixture.remove("device.vault")
    #expect(try vaultError { _ = try open(anchor) } == .rolledBack)
    #expect(!FileManager.default.fileExists(atPath: fixture.path))
    #expect(
      try vaultError {
        _ = try KeyVault.create(at: fixture.path, unlock: .rawKey(fixture.key), anchor: anchor)
      } == .rolledBack)
    let other = try fixture.open()
    for _ in 0..<5 { try other.rewrap(unlock: .rawKey(fixture.key)) }
    try other.close()
    #expect(try vaultError { _ = try open(anchor) } == .rolledBack)
  }

  @Test("it follows every write before the call returns, and no read moves it")
  func follows() throws {
    let anchor = FileRollbackAnchor(path: fixture.path("anchor"))
    let vault = try open(anchor)
    let key = try vault.placeKey(in: scope())
    for _ in 0..<3 {
      try vault.rewrap(unlock: .rawKey(fixture.key))
      #expect(try anchor.last()?.generation == vault.info().generation)
    }
    try vault.rotate()
    let mark = try anchor.last()
    #expect(try mark?.generation == vault.info().generation)
    _ = try vault.key(key.deviceID)
    #expect(try anchor.last() == mark)
    try vault.close()
    try open(anchor).close()
    #expect(try anchor.last() == mark)
  }

  @Test("a crash between commit and anchor leaves a vault that opens, and the anchor catches up")
  func crash() throws {
    let anchor = FileRollbackAnchor(path: fixture.path("anchor"))
    let vault = try open(anchor)
    let before = try fixture.bytes("anchor")
    let key = try vault.placeKey(in: scope())
    try vault.close()
    try fixture.write(before, to: "anchor")
    let again = try open(anchor)
    #expect(try again.key(key.deviceID) == key)
    #expect(try anchor.last()?.generation == again.info().generation)
  }

  private struct Failing: RollbackAnchor {
    let fails = Locked(false)

    func last() throws(AnchorError) -> AnchorMark? { nil }

    func advance(to mark: AnchorMark) throws(AnchorError) {
      if fails.withLock({ $0 }) { throw .failed(code: 5) }
    }

    func forget() throws(AnchorError) {}
  }

  @Test("an anchor that fails is told, the write stands, and the vault goes on")
  func failing() throws {
    let anchor = Failing()
    let vault = try open(anchor)
    anchor.fails.withLock { $0 = true }
    #expect(try vaultError { _ = try vault.placeKey(in: scope()) } == .anchor(.failed(code: 5)))
    let key = try #require(try vault.currentKey(in: scope()))
    #expect(
      try vaultError { _ = try vault.sign(challenge, with: key) } == .anchor(.failed(code: 5)))
    anchor.fails.withLock { $0 = false }
    #expect(try vault.sign(challenge, with: key).counter ?? 0 > 1, "no value comes twice (V10)")
    #expect(try vault.verify().isSound)
  }

  @Test("a write that stands although the anchor failed is told to the others (L4), and is seen")
  func failingTold() async throws {
    let anchor = Failing()
    let vault = try open(anchor)
    let storage = try vault.localStorage(for: shop)
    var changes = try vault.localStorage(for: shop).changes().makeAsyncIterator()
    let database = try vault.database("d", for: shop) { try $0.createStore("s") }
    try database.write("s") { transaction throws in
      for number in 0..<3 { try transaction.put(.null, key: .number(Double(number))) }
    }
    anchor.fails.withLock { $0 = true }
    let failed = VaultError.anchor(.failed(code: 5))
    #expect(try vaultError { try storage.setItem("k", "v") } == failed)
    #expect(try vaultError { try storage.removeItem("k") } == failed)
    #expect(try vaultError { try storage.setItem("l", "w") } == failed)
    #expect(try vaultError { try storage.clear() } == failed)
    #expect(try vaultError { try database.write("s") { try $0.onlyStore.clear() } } == failed)
    #expect(try fixture.bytes("device.vault-wal").isEmpty, "what was deleted has left the log")
    #expect(try database.read("s") { try $0.onlyStore.getAllKeys() } == [])
    #expect(try storage.count == 0 && storage.key(at: 0) == nil)
    try storage.clear()
    anchor.fails.withLock { $0 = false }
    try storage.setItem("last", "")
    var told: [LocalStorageChange] = []
    while told.last?.newValue != [], let change = await changes.next() { told.append(change) }
    #expect(told.map(\.key) == ["k", "k", "l", nil, "last"].map { $0.map { Array($0.utf16) } })
    #expect(told.map(\.newValue) == ["v", nil, "w", nil, ""].map { $0.map { Array($0.utf16) } })
  }

  @Test("an anchor file that others may use, or that is damaged, is refused", arguments: 0..<96)
  func damagedFile(index: Int) throws {
    let anchor = FileRollbackAnchor(path: fixture.path("anchor"))
    try open(anchor).close()
    var bytes = try fixture.bytes("anchor")
    #expect(bytes.count == 96)
    bytes[index] ^= 1
    try fixture.write(bytes, to: "anchor")
    #expect(try vaultError { _ = try open(anchor) } == .anchor(.damaged))
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o644], ofItemAtPath: fixture.path("anchor"))
    #expect(
      try vaultError { _ = try open(anchor) } == .anchor(.permissionsTooOpen(mode: 0o644)))
  }

  @Test("the file has mode 0600, never goes back, and forgets when told")
  func file() throws {
    let anchor = FileRollbackAnchor(path: fixture.path("anchor"))
    #expect(try anchor.last() == nil)
    func mark(_ generation: UInt64, _ digest: UInt8) throws -> AnchorMark {
      try #require(
        AnchorMark(
          vaultID: [UInt8](repeating: 1, count: 16), generation: generation,
          digest: [UInt8](repeating: digest, count: 32)))
    }
    try anchor.advance(to: mark(7, 1))
    try anchor.advance(to: mark(6, 2))
    #expect(try anchor.last() == mark(7, 1))
    let attributes = try FileManager.default.attributesOfItem(atPath: fixture.path("anchor"))
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    #expect(!FileManager.default.fileExists(atPath: fixture.path("anchor.new")))
    try anchor.forget()
    try anchor.forget()
    #expect(try anchor.last() == nil)
  }

  @Test("two processes' vaults with one anchor write in turn, and neither is refused (V6)")
  func shared() async throws {
    let anchor = FileRollbackAnchor(path: fixture.path("anchor"))
    let vaults = try [open(anchor, mode: .shared), open(anchor, mode: .shared)]
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (worker, vault) in vaults.enumerated() {
        group.addTask {
          for round in 0..<10 {
            _ = try vault.placeKey(in: scope("https://\(worker)-\(round).example"))
            try open(anchor, mode: .shared).close()
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try anchor.last()?.generation == vaults[0].info().generation)
  }
}
