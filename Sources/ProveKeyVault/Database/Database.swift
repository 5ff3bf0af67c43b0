/// An open database of one origin, with the semantics of the web's IndexedDB.
///
/// ```swift
/// let database = try vault.database("prove", for: "https://shop.example", version: 1) {
///   try $0.createStore("devices")
/// }
/// try database.write("devices") { try $0.put(bytes, key: .string("device")) }
/// ```
///
/// A transaction is the time that a closure runs: what it has written is on disk when `write`
/// returns, and nothing of it when it throws. Transactions wait for each other on the thread that
/// begins them. Safe to use from many threads. Source: W3C Indexed Database API 3.0.
public final class Database: Sendable {
  private let vault: KeyVault
  private let room: DatabaseRoom
  private let record: DatabaseRecord
  private let gateName: DatabaseGate.Name
  private let handle: UInt64

  init(_ vault: KeyVault, _ room: DatabaseRoom, _ record: DatabaseRecord) {
    self.vault = vault
    self.room = room
    self.record = record
    gateName = DatabaseGate.Name(room)
    handle = vault.gate.addHandle(of: gateName)
  }

  deinit {
    vault.gate.removeHandle(handle, of: gateName)
  }

  /// Whose database this is.
  public var origin: String { record.origin }

  /// The database's name in UTF-16 code units.
  public var name: [UInt16] { record.name }

  /// The version that was opened.
  public var version: UInt64 { record.version }

  /// The names of the stores, in the order of their code units.
  public var storeNames: [[UInt16]] {
    record.stores.map(\.name).sorted { $0.lexicographicallyPrecedes($1) }
  }

  /// Closes the handle: no transaction begins on it any longer, and those that run go on.
  ///
  /// Closing again changes nothing. A handle that nobody holds any longer closes by itself.
  public func close() { vault.gate.removeHandle(handle, of: gateName) }

  /// Runs a read-only transaction on some stores, beside others that read them.
  ///
  /// - Throws: what `body` throws; ``DatabaseFault/notFound`` for a store that there is not,
  ///   ``DatabaseFault/invalidAccess`` for no store, ``DatabaseFault/invalidState`` when the handle
  ///   is closed or out of date, ``DatabaseFault/conflict`` in shared mode.
  @discardableResult
  public func read<R>(
    _ stores: any DatabaseText..., body: (DatabaseTransaction) throws -> R
  ) throws -> R {
    try run(.read, stores, body)
  }

  /// Runs a read-only transaction on a list of stores.
  @discardableResult
  public func read<R>(
    stores: [any DatabaseText], body: (DatabaseTransaction) throws -> R
  ) throws -> R {
    try run(.read, stores, body)
  }

  /// Runs a read-write transaction on some stores, alone on them; all it has written is durable
  /// when this returns.
  ///
  /// - Throws: what `body` throws, and then nothing was written; ``DatabaseFault/abort``; and as
  ///   ``read(_:body:)``.
  @discardableResult
  public func write<R>(
    _ stores: any DatabaseText..., body: (DatabaseTransaction) throws -> R
  ) throws -> R {
    try run(.write, stores, body)
  }

  /// Runs a read-write transaction on a list of stores.
  @discardableResult
  public func write<R>(
    stores: [any DatabaseText], body: (DatabaseTransaction) throws -> R
  ) throws -> R {
    try run(.write, stores, body)
  }

  private func run<R>(
    _ purpose: DatabaseWork.Purpose, _ names: [any DatabaseText],
    _ body: (DatabaseTransaction) throws -> R
  ) throws -> R {
    let schemas = try scope(of: names)
    let claim = try vault.gate.enter(
      DatabaseGate.Scope(
        name: gateName, stores: Set(schemas.map(\.id)), isWriting: purpose == .write))
    defer { vault.gate.leave(claim) }
    // Asked again: it may have been closed while this waited.
    try requireOpen()
    let work = DatabaseWork(vault, room, purpose, before: record, record: record)
    defer { work.end() }
    try vault.withRing { ring throws(VaultError) in
      for schema in schemas { work.admit(schema, ring.databases.keys) }
    }
    try work.begin()
    let result = try body(DatabaseTransaction(work: work))
    guard !work.isAborted else { throw VaultError.database(.abort) }
    if purpose == .write { try work.commit() }
    return result
  }

  private func scope(of names: [any DatabaseText]) throws(VaultError) -> [StoreSchema] {
    try requireOpen()
    guard !names.isEmpty else { throw .database(.invalidAccess) }
    var schemas: [StoreSchema] = []
    for name in Set(names.map(\.utf16CodeUnits)) {
      guard let schema = record.stores.first(where: { $0.name == name }) else {
        throw .database(.notFound)
      }
      schemas.append(schema)
    }
    return schemas
  }

  private func requireOpen() throws(VaultError) {
    guard vault.gate.hasHandle(handle, of: gateName) else { throw .database(.invalidState) }
  }
}
