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
  private var storage = StorageTally()
  private var custodians = CustodianTally()
  private var databases = DatabaseTally()

  private init(_ reader: RecordReader) {
    self.reader = reader
  }

  /// Checks pages, schema, header, state, every row, the index over them, and how the records of
  /// each role fit together.
  static func run(
    _ reader: RecordReader, progress: (VerificationProgress) -> Void = { _ in }
  ) throws(VaultError) -> VaultReport {
    var walk = VaultVerification(reader)
    try walk.checkFile()
    try walk.checkHeader()
    try walk.checkRows(progress)
    try walk.checkIndex()
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
    let findings = try wrapping { () throws(DatabaseError) in try connection.quickCheck() }
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

  private mutating func checkRows(
    _ progress: (VerificationProgress) -> Void
  ) throws(VaultError) {
    guard let trusted = reader.store.trusted else {
      throw .damaged(VaultDamage(.state, .missing))
    }
    let check = RecordCheck(keys: reader.keys, trusted: trusted.rows)
    var trustedRows = 0
    var batch = RowBatch()
    do throws(VaultError) {
      try reader.store.table.forEachRow { row, sealed throws(VaultError) in
        records += 1
        if trusted.rows[row.locator] != nil { trustedRows += 1 }
        batch.append(row, sealed)
        guard batch.isFull else { return }
        try conclude(batch, check)
        batch.removeAll()
        progress(VerificationProgress(done: records, total: trusted.rows.count))
      }
      try conclude(batch, check)
    } catch .damaged(let damage) {
      // A row that cannot even be read ends the walk over the table.
      note(damage)
      return
    }
    for _ in 0..<storage.contradictions { note(.storage, .contradictory) }
    for _ in 0..<(try databases.contradictions(reader)) { note(.database, .contradictory) }
    for _ in 0..<custodians.contradictions { note(.keys, .contradictory) }
    if trustedRows != trusted.rows.count {
      note(
        .records,
        .count(found: UInt64(trustedRows), expected: UInt64(trusted.rows.count)))
    }
    if trusted.state.keyCount != UInt64(keys) {
      note(.keys, .count(found: UInt64(keys), expected: trusted.state.keyCount))
    }
    progress(VerificationProgress(done: records, total: trusted.rows.count))
  }

  /// Checks the rows of a batch, and holds those that say something of others against them.
  private mutating func conclude(
    _ batch: RowBatch, _ check: RecordCheck
  ) throws(VaultError) {
    for (row, finding) in zip(batch.rows, try batch.checked(by: check)) {
      switch finding {
      case .sound: break
      case .key(let custodian, let handle):
        keys += 1
        if let custodian { custodians.expect(custodian, at: handle) }
      case .damage(let damage): note(damage)
      case .content(let kind, let content):
        note(
          try Self.damage { () throws(VaultError) in
            switch kind {
            case .custodianKey: try custodians.note(content, row)
            case .database, .databaseState, .databaseRow:
              try databases.note(content, kind, row, check.keys)
            default: try storage.note(content, kind, row, check.keys)
            }
          })
      }
    }
  }

  /// Holds the index by namespace against the trusted set: exactly one entry for each row.
  ///
  /// This takes the place of the part of SQLite's own check that looks every row up in the index.
  private mutating func checkIndex() throws(VaultError) {
    guard let trusted = reader.store.trusted else { return }
    var last: (Locator, Locator)?
    var (entries, isRight) = (0, true)
    note(
      try Self.damage { () throws(VaultError) in
        try reader.store.table.forEachIndexEntry { namespace, locator throws(VaultError) in
          entries += 1
          if let last, (namespace, locator) <= last { isRight = false }
          if trusted.rows[locator]?.namespace != namespace { isRight = false }
          last = (namespace, locator)
        }
      })
    if !isRight || entries != trusted.rows.count { note(.file, .contradictory) }
  }
}
