import Foundation
import GRDB
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing

/// Registrations that are made once and found by every contestant: in a registry's file, in the clear,
/// and their ids as a list.
struct Sample {
  let folder: String
  let count: Int

  /// Until when the registrations were used, and the clock of every registry that is measured.
  static let day = UTCInstant(millisecondsSinceEpoch: 1_790_000_000_000)
  static let dayMilliseconds: Int64 = 86_400_000
  /// What locks the store: what is measured is no secret.
  static let key = [UInt8](repeating: 7, count: 32)

  var registryPath: String { folder + "/registry-\(count).sqlite" }
  var plainPath: String { folder + "/plain-\(count).sqlite" }
  var cipherPath: String { folder + "/cipher-\(count).sqlite" }
  var idsPath: String { folder + "/ids-\(count)" }

  var registrations: SyntheticRegistrations {
    SyntheticRegistrations(count: count, seed: 1, until: Self.day)
  }

  var ids: [DeviceID] { registrations.map(\.deviceID) }

  static var unlock: UnlockMethod {
    get throws { .rawKey(try RawKey(key.span)) }
  }

  static func registry(
    on store: any RegistryStore, clock: WallClock = WallClock { day },
    policy: RegistryPolicy = .prove
  ) async throws -> DeviceRegistry {
    try await DeviceRegistry(
      store: store, scope: try RegistryScope(tenant: "bench", buildConfig: .usUAT), policy: policy,
      clock: clock)
  }

  /// Opens the registry's file, or a copy of it.
  func open(
    _ path: String? = nil, _ mode: SQLiteStoreOptions.Mode = .shared, cacheKibibytes: Int? = nil,
    clock: WallClock = WallClock { day }
  ) async throws -> DeviceRegistry {
    let options = SQLiteStoreOptions(mode: mode, pageCacheKibibytes: cacheKibibytes)
    return try await Self.registry(
      on: try SQLiteRegistryStore.openExisting(
        at: path ?? registryPath, unlock: try Self.unlock, options: options), clock: clock)
  }

  /// Makes what is not there yet.
  func make(inTheClear: Bool = true) async throws {
    let files = FileManager.default
    if !files.fileExists(atPath: registryPath + "-done") {
      for suffix in ["", "-wal", "-shm", "-owner"]
      where files.fileExists(atPath: registryPath + suffix) {
        try files.removeItem(atPath: registryPath + suffix)
      }
      let store = try SQLiteRegistryStore(at: registryPath, unlock: try Self.unlock)
      let registry = try await Self.registry(on: store)
      try await registry.generate(registrations)
      try await registry.close()
      try Data().write(to: URL(fileURLWithPath: registryPath + "-done"))
    }
    if inTheClear, hasPlain, !files.fileExists(atPath: plainPath) { try makePlain() }
    let text = ids.map { $0.rawValue + "\n" }.joined()
    try Data(text.utf8).write(to: URL(fileURLWithPath: idsPath))
  }

  /// Whether the facts are there in the clear too; not of the largest, which would fill a small disk.
  var hasPlain: Bool { count <= 1_000_000 }

  /// Has the kernel read the files whole, so that none of the contestants is the first to need them.
  func warm() throws {
    for path in hasPlain ? [registryPath, plainPath] : [registryPath] {
      guard let file = FileHandle(forReadingAtPath: path) else {
        throw Failure(what: "\(path) cannot be read")
      }
      while let part = try file.read(upToCount: 1 << 22), !part.isEmpty {}
      try file.close()
    }
  }

  /// A copy of the registry's file to write to, on disk: the first checkpoint would write it else.
  func copy(as name: String) throws -> String {
    let path = folder + "/" + name + ".sqlite"
    for suffix in ["", "-wal", "-shm", "-owner"]
    where FileManager.default.fileExists(atPath: path + suffix) {
      try FileManager.default.removeItem(atPath: path + suffix)
    }
    try FileManager.default.copyItem(atPath: registryPath, toPath: path)
    try Self.onFile(path) { fsync($0) == 0 }
    return path
  }

  /// Has the kernel forget what it keeps of the files.
  static func forget(_ paths: [String]) throws {
    for path in paths {
      try onFile(path) {
        fsync($0) == 0 && posix_fadvise($0, 0, 0, POSIX_FADV_DONTNEED) == 0
      }
    }
  }

  /// Opens a file for what the kernel is asked to do with it.
  private static func onFile(_ path: String, _ ask: (Int32) -> Bool) throws {
    let file = Glibc.open(path, O_RDONLY)
    guard file >= 0 else { throw Failure(what: "\(path) cannot be opened") }
    defer { Glibc.close(file) }
    guard ask(file) else { throw Failure(what: "the kernel refuses something for \(path)") }
  }
}

// MARK: - The same facts in the clear

extension Sample {
  private static let columns = [
    "device TEXT NOT NULL PRIMARY KEY", "visitor TEXT", "phone TEXT", "prove TEXT", "customer TEXT",
    "human TEXT", "state INTEGER NOT NULL", "last_active_day INTEGER NOT NULL",
    "version INTEGER NOT NULL", "algorithm INTEGER NOT NULL", "public_key BLOB NOT NULL",
    "kind INTEGER NOT NULL", "name TEXT", "placed_at INTEGER NOT NULL", "bound_at INTEGER",
    "disconnected_at INTEGER", "last_authenticated_at INTEGER", "deactivated_at INTEGER",
    "suspended_at INTEGER", "revoked_at INTEGER", "cause INTEGER", "highest INTEGER",
    "used INTEGER", "generation INTEGER", "digest BLOB",
  ]

  /// The tables and indexes of `docs/architecture.md` with names as text, and the facts of a sealed row
  /// and of an event in columns; not strict, which SQLCipher's SQLite does not know.
  private static let tables =
    [
      "CREATE TABLE registration (\(columns.joined(separator: ", "))) WITHOUT ROWID"
    ]
    + ["phone", "prove", "customer", "human"].map {
      """
      CREATE INDEX registration_by_\($0) ON registration (\($0), device) WHERE \($0) IS NOT NULL
      """
    } + [
      "CREATE INDEX registration_by_state ON registration (state, last_active_day, device)",
      """
      CREATE INDEX registration_by_visitor
        ON registration (visitor, state, last_active_day, device) WHERE visitor IS NOT NULL
      """,
      """
      CREATE INDEX candidate_by_phone ON registration (visitor, phone, last_active_day, device)
        WHERE state = 2 AND visitor IS NOT NULL
      """,
      """
      CREATE INDEX candidate_by_prove ON registration (visitor, prove, last_active_day, device)
        WHERE state = 2 AND visitor IS NOT NULL AND prove IS NOT NULL
      """,
      """
      CREATE TABLE event (device TEXT NOT NULL, sequence INTEGER NOT NULL, kind INTEGER NOT NULL,
        at INTEGER NOT NULL, row INTEGER, reason TEXT, policy_version INTEGER NOT NULL,
        actor TEXT NOT NULL, detail_hash BLOB, previous_hash BLOB NOT NULL,
        PRIMARY KEY (device, sequence)) WITHOUT ROWID
      """,
    ]

  private func makePlain() throws {
    let unfinished = plainPath + "-unfinished"
    if FileManager.default.fileExists(atPath: unfinished) {
      try FileManager.default.removeItem(atPath: unfinished)
    }
    var configuration = Configuration()
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA cache_size = -262144") }
    let queue = try DatabaseQueue(path: unfinished, configuration: configuration)
    try queue.write { database in
      for sql in Self.tables { try database.execute(sql: sql) }
      let marks = Self.columns.map { _ in "?" }.joined(separator: ", ")
      let insert = try database.makeStatement(sql: "INSERT INTO registration VALUES (\(marks))")
      let append = try database.makeStatement(
        sql: "INSERT INTO event VALUES (?, 1, 22, ?, NULL, ?, 1, 'generate', NULL, zeroblob(32))")
      for key in registrations {
        try insert.execute(arguments: Self.values(of: key))
        try append.execute(arguments: [
          key.deviceID.rawValue, Self.day.millisecondsSinceEpoch, Self.stateName(of: key),
        ])
      }
    }
    try queue.close()
    // As the registry's file was made: in the order of arrival, not rewritten.
    try FileManager.default.moveItem(atPath: unfinished, toPath: plainPath)
  }

  private static func activeDay(of key: KeyRegistration) -> Int64 {
    (key.lastAuthenticatedAt ?? key.placedAt).millisecondsSinceEpoch / dayMilliseconds
  }

  /// The state as the registry's column has it.
  private static func stateCode(of key: KeyRegistration) -> Int {
    switch key.state {
    case .revoked: 4
    case _ where key.suspendedAt != nil: 6
    case .placed: 1
    case .bound(let binding): binding.disconnectedAt == nil ? 2 : 7
    case .unbound: 3
    }
  }

  private static func stateName(of key: KeyRegistration) -> String {
    switch key.state {
    case .placed: "placed"
    case .bound: "bound"
    case .unbound: "unbound"
    case .revoked: "revoked"
    }
  }

  private static func values(of key: KeyRegistration) -> StatementArguments {
    let association = key.association
    var revocation: KeyRegistration.Revocation?
    if case .revoked(let found) = key.state { revocation = found }
    let names: [(any DatabaseValueConvertible)?] = [
      key.deviceID.rawValue, key.visitorID?.rawValue, association?.phoneNumber.e164,
      association?.proveID?.rawValue, key.clientCustomerID?.rawValue, key.clientHumanID?.rawValue,
      stateCode(of: key), activeDay(of: key), Int64(key.version),
    ]
    let device: [(any DatabaseValueConvertible)?] = [
      Int(key.publicKey.algorithm.rawValue), Data(key.publicKey.bytes),
      Int(key.device.kind.rawValue),
      key.device.name,
    ]
    let times: [(any DatabaseValueConvertible)?] = [
      key.placedAt.millisecondsSinceEpoch, association?.boundAt.millisecondsSinceEpoch,
      association?.disconnectedAt?.millisecondsSinceEpoch,
      key.lastAuthenticatedAt?.millisecondsSinceEpoch, key.deactivatedAt?.millisecondsSinceEpoch,
      key.suspendedAt?.millisecondsSinceEpoch, revocation?.revokedAt.millisecondsSinceEpoch,
      (revocation?.cause.rawValue).map { Int($0) },
    ]
    let proofs: [(any DatabaseValueConvertible)?] = [
      (key.replayWindow?.highest).map { Int64(bitPattern: $0) },
      // Which of the last 64 counters were used: all of them, say.
      (key.replayWindow?.highest).map { _ in Int64(-1) },
      (key.vaultState?.generation).map { Int64(bitPattern: $0) },
      (key.vaultState?.digest).map { Data($0) },
    ]
    return StatementArguments(names + device + times + proofs)
  }
}
