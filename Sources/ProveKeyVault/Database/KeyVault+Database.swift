/// A database as a list of an origin's databases shows it.
public struct DatabaseSummary: Hashable, Sendable {
  /// Its name in UTF-16 code units.
  public let name: [UInt16]
  /// Its version.
  public let version: UInt64
}

extension KeyVault {
  /// Opens a database of one origin, and creates or upgrades it where that is asked for.
  ///
  /// The upgrade is one transaction: when it throws, the old version stands, and a new database is
  /// not there. Opening, upgrading and deleting one database take turns.
  /// - Parameters:
  ///   - name: its name; an origin's databases have different ones.
  ///   - origin: the web origin, as in `https://shop.example`, or the app's id: 1 to 255 UTF-8
  ///     bytes without control characters, taken as they stand and not normalised.
  ///   - version: 1 to 2^53 - 1; nil for the one it has, or 1 of a new database.
  ///   - upgrade: makes and deletes stores and indexes; runs only when the version rises.
  /// - Throws: what `upgrade` throws; ``VaultError/invalidOrigin``; ``DatabaseFault/version`` when
  ///   the database has a higher version, ``DatabaseFault/blocked`` when it must be upgraded and
  ///   other handles are open, ``DatabaseFault/abort``, ``DatabaseFault/type`` for a version out of
  ///   bounds, ``DatabaseFault/conflict`` when another process was quicker,
  ///   ``DatabaseFault/invalidState`` inside an upgrade of the same database.
  public func database(
    _ name: some DatabaseText, for origin: String, version: UInt64? = nil,
    upgrade: (DatabaseUpgrade) throws -> Void = { _ in }
  ) throws -> Database {
    if let version, !(1..<KeyGenerator.last).contains(version) {
      throw VaultError.database(.type)
    }
    let room = try databaseRoom(name, origin)
    let gateName = DatabaseGate.Name(room)
    let claim = try gate.enter(.connection(gateName))
    defer { gate.leave(claim) }
    let before = try withRing { ring throws(VaultError) in
      try ring.databases.reading { reader throws(VaultError) in
        try ring.databases.record(room, reader)
      }
    }
    let wanted = version ?? before?.version ?? 1
    if let before {
      guard wanted >= before.version else { throw VaultError.database(.version) }
      if wanted == before.version { return Database(self, room, before) }
    }
    guard !gate.isInUse(gateName) else { throw VaultError.database(.blocked) }
    var record = before ?? DatabaseRecord(origin: origin, name: room.name, version: wanted)
    record.version = wanted
    let work = DatabaseWork(self, room, .upgrade, before: before, record: record)
    defer { work.end() }
    try withRing { ring throws(VaultError) in
      for schema in record.stores { work.admit(schema, ring.databases.keys) }
    }
    try work.begin()
    try upgrade(DatabaseUpgrade(work: work))
    guard !work.isAborted else { throw VaultError.database(.abort) }
    try work.commit()
    return Database(self, room, work.record)
  }

  /// The databases of one origin, in the order of their names' code units.
  ///
  /// - Throws: ``VaultError/invalidOrigin``.
  public func databases(for origin: String) throws(VaultError) -> [DatabaseSummary] {
    _ = try databaseRoom("", origin)
    let records = try withRing { ring throws(VaultError) in
      try ring.databases.reading { reader throws(VaultError) in
        try ring.databases.list(origin, reader)
      }
    }
    return records.map { DatabaseSummary(name: $0.name, version: $0.version) }
      .sorted { $0.name.lexicographicallyPrecedes($1.name) }
  }

  /// Deletes a database with everything in it; false when there was none.
  ///
  /// - Throws: ``VaultError/invalidOrigin``; ``DatabaseFault/blocked`` when handles of it are open.
  @discardableResult
  public func deleteDatabase(
    _ name: some DatabaseText, for origin: String
  ) throws(VaultError) -> Bool {
    let room = try databaseRoom(name, origin)
    let gateName = DatabaseGate.Name(room)
    let claim = try gate.enter(.connection(gateName))
    defer { gate.leave(claim) }
    guard !gate.isInUse(gateName) else { throw .database(.blocked) }
    return try withRing { ring throws(VaultError) in try ring.databases.delete(room) }
  }

  private func databaseRoom(
    _ name: some DatabaseText, _ origin: String
  ) throws(VaultError) -> DatabaseRoom {
    try withRing { ring throws(VaultError) in
      try DatabaseRoom(origin, name.utf16CodeUnits, ring.databases.keys)
    }
  }
}

extension DatabaseShelf {
  /// Deletes a database with everything in it, in one transaction; false when there was none.
  fileprivate func delete(_ room: DatabaseRoom) throws(VaultError) -> Bool {
    var gone: [StoreRoom] = []
    return try writing(
      { writer throws(VaultError) in
        guard let record = try record(room, writer.reader) else { return false }
        gone = record.stores.map { room.store($0.id, keys) }
        for store in gone {
          for locator in try writer.reader.locators(in: store.rows) {
            try writer.delete(at: locator)
          }
          try writer.delete(at: store.state)
        }
        try writer.delete(at: room.record)
        return true
      },
      committed: { wasThere in
        for store in gone { forgetOrder(of: store) }
        if wasThere { truncateLog() }
      })
  }
}
