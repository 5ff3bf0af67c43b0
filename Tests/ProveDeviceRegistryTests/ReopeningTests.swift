import CampaignSupport
import Foundation
import ProveKeyModel
import ProveKeySealing
import SQLiteDatabase
import ProveKeyTesting
import StoreTestSupport
import Testing

@testable import ProveDeviceRegistry

/// What a file says to those who open it, rightly and wrongly.
@Suite("Opening a registry", .inTurn)
struct ReopeningTests {
  @Test("again finds everything as it was")
  func everything() async throws {
    let world = try await World(.persistent)
    var devices: [TestDevice] = []
    for kind in TestDevice.Kind.allCases {
      devices.append(try await world.boundDevice(kind, proveID: .lorant, visitor: "visitor-1"))
    }
    let placed = try TestDevice()
    try await world.place(placed, customer: "customer-1", human: "human-1")
    try await world.registry.revoke(devices[0].deviceID, reason: "lost")
    devices.append(placed)
    let ticket = try await world.decide(with: devices[1]).needed
    let challenge = world.registry.issueChallenge()
    var before: [(KeyRegistration, [KeyEvent])] = []
    for device in devices {
      before.append(
        (
          try await world.registration(of: device),
          try await world.registry.events(of: device.deviceID)
        ))
    }
    let counts = try await world.store.statistics()
    try await world.registry.close()

    let store = try SQLiteRegistryStore.openExisting(at: world.path, unlock: world.unlock)
    let registry = try await DeviceRegistry(
      store: store, scope: .shop, policy: .persistent, clock: world.clock.wall)
    for (device, (registration, events)) in zip(devices, before) {
      #expect(try await registry.registration(device.deviceID) == registration)
      #expect(try await registry.events(of: device.deviceID) == events)
    }
    let after = try await store.statistics()
    #expect(after.registrations == counts.registrations)
    #expect(after.events == counts.events)
    #expect(after.items == counts.items)
    #expect(try await registry.complete(ticket) != nil, "a ticket outlives a restart")
    let decision = try await registry.decide(
      .mobile(), presenting: try devices[2].assertion(for: challenge), for: challenge)
    #expect(decision.row == .d10, "so does a challenge")
    #expect(try await registry.verify().problems == [])
  }

  @Test("under another tenant or build config is refused")
  func scope() async throws {
    let world = try await World()
    for scope in [RegistryScope.scope("shoq", .usUAT), .scope("shop", .euProd)] {
      await #expect(throws: RegistryError.scopeMismatch) {
        try await DeviceRegistry(store: world.store, scope: scope)
      }
    }
    _ = try await DeviceRegistry(store: world.store, scope: .shop)
  }

  @Test("with another key, passphrase or method is refused, each with its own error")
  func unlock() throws {
    let folder = try TemporaryFolder()
    let (raw, secret) = (folder.file("raw"), folder.file("secret"))
    _ = try SQLiteRegistryStore(at: raw, unlock: .rawKey(try RawKey.random()))
    _ = try SQLiteRegistryStore(at: secret, unlock: .passphrase("right", cost: .minimum))
    #expect(throws: RegistryError.unlock(.wrongKey)) {
      try SQLiteRegistryStore(at: raw, unlock: .rawKey(try RawKey.random()))
    }
    #expect(throws: RegistryError.unlock(.wrongPassphrase)) {
      try SQLiteRegistryStore(at: secret, unlock: .passphrase("wrong", cost: .minimum))
    }
    #expect(throws: RegistryError.unlock(.wrongUnlockMethod(stored: .passphrase))) {
      try SQLiteRegistryStore(at: secret, unlock: .rawKey(try RawKey.random()))
    }
    #expect(throws: RegistryError.unlock(.keyFile(.missing))) {
      try SQLiteRegistryStore(at: folder.file("new"), unlock: .keyFile(folder.file("no key")))
    }
    _ = try SQLiteRegistryStore(at: secret, unlock: .passphrase("right", cost: .minimum))
  }

  @Test("of a file that is something else is refused, and leaves it as it is")
  func notARegistry() throws {
    let folder = try TemporaryFolder()
    let unlock = UnlockMethod.rawKey(try RawKey.random())
    let vault = folder.file("vault")
    try Self.makeDatabase(at: vault, applicationID: 0x504B_5376)
    let unmarked = folder.file("unmarked")
    try Self.makeDatabase(at: unmarked, applicationID: 0)
    let noise = folder.file("noise")
    try Self.write(Data(SecureRandom.bytes(8192)), to: noise)
    for path in [vault, unmarked, noise] {
      let before = try Data(contentsOf: URL(filePath: path))
      #expect(throws: RegistryError.store(.notARegistry)) {
        try SQLiteRegistryStore.openExisting(at: path, unlock: unlock)
      }
      #expect(throws: RegistryError.store(.notARegistry)) {
        try SQLiteRegistryStore.create(at: path, unlock: unlock)
      }
      let after = try Data(contentsOf: URL(filePath: path))
      #expect(path == noise ? after == before : after.count == before.count)
    }
    #expect(throws: RegistryError.store(.notARegistry)) {
      try SQLiteRegistryStore(at: folder.path, unlock: unlock)
    }
  }

  @Test("whose header or epoch was damaged is refused")
  func damagedHeader() async throws {
    let statements = [
      "UPDATE header SET bytes = zeroblob(length(bytes))",
      "UPDATE header SET bytes = substr(bytes, 1, length(bytes) - 1)",
      "UPDATE epoch SET sealed = zeroblob(length(sealed))", "DELETE FROM epoch",
    ]
    for statement in statements {
      let world = try await World()
      try await world.registry.close()
      try await world.tamper(statement)
      let error = #expect(throws: RegistryError.self, "\(statement)") {
        try SQLiteRegistryStore(at: world.path, unlock: world.unlock)
      }
      guard case .unlock = error else {
        Issue.record("\(statement): \(String(describing: error))")
        continue
      }
    }
  }

  @Test("that is missing, taken, read-only, exposed or newer says so")
  func fileProblems() async throws {
    let world = try await World()
    let unlock = world.unlock
    try await world.registry.close()
    let missing = world.folder.file("missing")
    #expect(throws: RegistryError.store(.missing)) {
      try SQLiteRegistryStore.openExisting(at: missing, unlock: unlock)
    }
    #expect(!FileManager.default.fileExists(atPath: missing))
    let empty = world.folder.file("empty")
    try Self.write(Data(), to: empty)
    for _ in 0..<2 {
      #expect(throws: RegistryError.store(.missing)) {
        try SQLiteRegistryStore.openExisting(at: empty, unlock: unlock)
      }
    }
    _ = try SQLiteRegistryStore(at: empty, unlock: unlock)
    #expect(throws: RegistryError.store(.folderMissing)) {
      try SQLiteRegistryStore(at: world.folder.file("no/registry"), unlock: unlock)
    }
    #expect(throws: RegistryError.store(.alreadyExists)) {
      try SQLiteRegistryStore.create(at: world.path, unlock: unlock)
    }
    for mode in [0o644, 0o660, 0o602] {
      try Self.setMode(mode, of: world.path)
      #expect(throws: RegistryError.store(.permissionsTooOpen(mode: UInt32(mode)))) {
        try SQLiteRegistryStore(at: world.path, unlock: unlock)
      }
    }
    try Self.setMode(0o400, of: world.path)
    #expect(throws: RegistryError.store(.readOnly)) {
      try SQLiteRegistryStore(at: world.path, unlock: unlock)
    }
    try Self.setMode(0o600, of: world.path)
    try await world.tamper("PRAGMA user_version = 5")
    #expect(throws: RegistryError.store(.formatNewer(found: 5, known: 4))) {
      try SQLiteRegistryStore(at: world.path, unlock: unlock)
    }
  }

  @Test("makes the file for its owner alone")
  func mode() async throws {
    let world = try await World()
    for suffix in ["", "-wal", "-shm"] {
      let attributes = try FileManager.default.attributesOfItem(atPath: world.path + suffix)
      #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600, "\(suffix)")
    }
  }

  @Test("twice at once gives one store to both")
  func together() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("registry.sqlite")
    let unlock = UnlockMethod.rawKey(try RawKey.random())
    let stores = try await withThrowingTaskGroup(of: SQLiteRegistryStore.self) { group in
      for _ in 0..<4 {
        group.addTask { try SQLiteRegistryStore(at: path, unlock: unlock) }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(Set(stores.map(\.keys.storeID)).count == 1)
    let first = try await DeviceRegistry(store: stores[0], scope: .shop)
    let second = try await DeviceRegistry(store: stores[1], scope: .shop)
    let device = try TestDevice()
    let challenge = first.issueChallenge()
    let placed = try await second.place(
      try device.offer(for: challenge), for: challenge, on: .mobile)
    #expect(try await first.registration(device.deviceID) == placed)
  }

  private static func makeDatabase(at path: String, applicationID: Int32) throws {
    let connection = try DatabaseFile(path: path).open(
      ConnectionOptions(access: .readWriteCreate, locking: .normal))
    try connection.execute("CREATE TABLE other (id INTEGER PRIMARY KEY)")
    try connection.setApplicationID(applicationID)
    try connection.close()
  }

  private static func write(_ data: Data, to path: String) throws {
    try data.write(to: URL(filePath: path))
    try setMode(0o600, of: path)
  }

  private static func setMode(_ mode: Int, of path: String) throws {
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
  }
}
