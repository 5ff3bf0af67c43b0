import ProveKeyModel
import ProveKeySealing
import SQLiteDatabase

/// One walk over everything in a vault, which goes on past what it finds.
struct VaultVerification {
  private let reader: RecordReader
  private var problems: [VaultDamage] = []
  private var problemCount = 0
  private var records = 0
  private var keys = 0

  private init(_ reader: RecordReader) {
    self.reader = reader
  }

  /// Checks pages, schema, header, state, every row and how the records of keys fit together.
  static func run(_ reader: RecordReader) throws(VaultError) -> VaultReport {
    var walk = VaultVerification(reader)
    try walk.checkFile()
    try walk.checkHeader()
    try walk.checkRows()
    return VaultReport(
      records: walk.records, keys: walk.keys, problems: walk.problems,
      problemCount: walk.problemCount)
  }

  private mutating func note(_ place: VaultDamage.Place, _ finding: VaultDamage.Finding) {
    note(VaultDamage(place, finding))
  }

  private mutating func note(_ damage: VaultDamage?) {
    guard let damage else { return }
    problemCount += 1
    if problems.count < VaultLimits.reportedProblems { problems.append(damage) }
  }

  /// The damage that `body` comes upon; any other failure ends the walk.
  private static func damage(
    _ body: () throws(VaultError) -> Void
  ) throws(VaultError) -> VaultDamage? {
    do throws(VaultError) {
      try body()
      return nil
    } catch .damaged(let damage) {
      return damage
    }
  }

  private mutating func checkFile() throws(VaultError) {
    let connection = reader.store.connection
    let findings = try wrapping { () throws(DatabaseError) in try connection.integrityCheck() }
    for _ in findings { note(.file, .malformed) }
    note(
      try Self.damage { () throws(VaultError) in
        try wrapping { () throws(DatabaseError) in
          try VaultSchema.migrator.checkSchema(connection)
        }
      })
  }

  private mutating func checkHeader() throws(VaultError) {
    let store = reader.store
    note(
      try Self.damage { () throws(VaultError) in
        let tables = try wrapping { () throws(DatabaseError) in
          try HeaderTables(reading: store.connection)
        }
        guard let tables else { throw .damaged(VaultDamage(.header, .missing)) }
        guard tables.hash == store.trusted?.state.headerHash else {
          throw .damaged(VaultDamage(.header, .replaced))
        }
      })
    note(
      try Self.damage { () throws(VaultError) in
        let sealed = try wrapping { () throws(DatabaseError) in try store.table.state() }
        guard let sealed else { throw .damaged(VaultDamage(.state, .missing)) }
        guard sealed == store.trusted?.sealedState else {
          throw .damaged(VaultDamage(.state, .replaced))
        }
      })
  }

  private mutating func checkRows() throws(VaultError) {
    var trustedRows = 0
    var storage = StorageTally()
    var databases = DatabaseTally()
    do throws(VaultError) {
      try reader.store.table.forEachRow { row, sealed throws(VaultError) in
        records += 1
        if reader.contains(row.locator) { trustedRows += 1 }
        var isKey = false
        let damage = try Self.damage { () throws(VaultError) in
          try reader.check(row)
          isKey = try Self.checkContent(row, sealed, reader, &storage, &databases)
        }
        keys += isKey ? 1 : 0
        note(damage)
      }
    } catch .damaged(let damage) {
      // A row that cannot even be read ends the walk over the table.
      note(damage)
      return
    }
    for _ in 0..<storage.contradictions { note(.storage, .contradictory) }
    for _ in 0..<(try databases.contradictions(reader)) { note(.database, .contradictory) }
    let expected = reader.store.trusted?.rows.count ?? 0
    if trustedRows != expected {
      note(.records, .count(found: UInt64(trustedRows), expected: UInt64(expected)))
    }
    if let counted = reader.store.trusted?.state.keyCount, counted != UInt64(keys) {
      note(.keys, .count(found: UInt64(keys), expected: counted))
    }
  }

  /// Opens one row in passing memory and checks what it says; true when it is a key's facts.
  private static func checkContent(
    _ row: RecordTable.Row, _ sealed: Span<UInt8>, _ reader: RecordReader,
    _ storage: inout StorageTally, _ databases: inout DatabaseTally
  ) throws(VaultError) -> Bool {
    let kind = try wrapping(.using(.record)) { () throws(SealingError) -> RecordKind? in
      try reader.keys.withOpened(sealed, as: RecordReader.context(row)) { content in
        content.isEmpty ? nil : RecordKind(rawValue: content[0])
      }
    }
    // A content of a later kind is sound as far as this library can tell.
    guard let kind, kind != .seed, kind != .counter, kind != .directory else { return false }
    let content = try wrapping(.using(.record)) { () throws(SealingError) in
      try reader.keys.open(sealed, as: RecordReader.context(row))
    }
    switch kind {
    case .storageItem, .storageUsage:
      try storage.note(content, kind, row, reader)
      return false
    case .database, .databaseState, .databaseRow:
      try databases.note(content, kind, row, reader)
      return false
    case .key, .seed, .counter, .directory:
      break
    }
    let key = try KeyRecord.decode(content).key
    guard reader.keys.factsLocator(key.state, key.deviceID) == row.locator,
      reader.keys.factsNamespace(key.scope) == row.trusted.namespace,
      reader.contains(reader.keys.seedLocator(key.publicKey)),
      reader.contains(reader.keys.directoryLocator(key.scope))
    else { throw .damaged(VaultDamage(.keys, .contradictory)) }
    return true
  }
}
