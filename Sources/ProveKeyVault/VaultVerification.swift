import ProveKeyModel
import ProveKeySealing
import SQLiteDatabase

/// One walk over everything in a vault, which goes on past what it finds.
struct VaultVerification {
  private let reader: RecordReader
  private var problems: [VaultDamage] = []
  private var problemCount = 0
  private var records = 0
  private var trustedRows = 0
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
    var checks: [BatchCheck] = []
    let unreadable = try walk.readRows(&checks, progress)
    // What needs the connection is done here while other cores open the last rows.
    let rows = walk.takeFindings()
    try walk.checkFile()
    try walk.checkHeader()
    let file = walk.takeFindings()
    try walk.checkIndex()
    let index = walk.takeFindings()
    walk.add(file)
    walk.add(rows)
    for check in checks { try walk.conclude(check) }
    walk.note(unreadable)
    if unreadable == nil { try walk.checkRoles() }
    walk.add(index)
    progress(walk.progress)
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

  /// Takes what was noted so far, to be put in its place in the report.
  private mutating func takeFindings() -> (problems: [VaultDamage], count: Int) {
    defer { (problems, problemCount) = ([], 0) }
    return (problems, problemCount)
  }

  private mutating func add(_ findings: (problems: [VaultDamage], count: Int)) {
    problemCount += findings.count
    problems += findings.problems.prefix(VaultLimits.reportedProblems - problems.count)
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

  /// Reads all rows and has them checked meanwhile, a batch at a time; the checks that are not
  /// concluded yet are left in `checks`.
  ///
  /// - Returns: the damage of a row that cannot even be read, which ends the walk over the table:
  ///   the rows before it are checked all the same.
  private mutating func readRows(
    _ checks: inout [BatchCheck], _ progress: (VerificationProgress) -> Void
  ) throws(VaultError) -> VaultDamage? {
    guard let trusted = reader.store.trusted else {
      throw .damaged(VaultDamage(.state, .missing))
    }
    let check = RecordCheck(keys: reader.keys, trusted: trusted.rows)
    var batch = RowBatch()
    let unreadable = try Self.damage { () throws(VaultError) in
      try reader.store.table.forEachRow { row, sealed throws(VaultError) in
        records += 1
        if trusted.rows.contains(row.locator) { trustedRows += 1 }
        batch.append(row, sealed)
        guard batch.isFull else { return }
        checks.append(BatchCheck(batch, check))
        batch = RowBatch()
        guard checks.count > RowBatch.waitingCount else { return }
        try conclude(checks.removeFirst())
        progress(self.progress)
      }
    }
    checks.append(BatchCheck(batch, check))
    return unreadable
  }

  private var progress: VerificationProgress {
    VerificationProgress(done: records, total: reader.store.trusted?.rows.count ?? 0)
  }

  /// Holds what the rows of each role say together, once all rows were read.
  private mutating func checkRoles() throws(VaultError) {
    guard let trusted = reader.store.trusted else { return }
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
  }

  /// Waits for a batch, and holds those of its rows that say something of others against them.
  private mutating func conclude(_ check: BatchCheck) throws(VaultError) {
    for (row, finding) in zip(check.batch.rows, try check.findings()) {
      switch finding {
      case .sound: break
      case .key(let custodian, let handle):
        keys += 1
        if let custodian { custodians.expect(custodian, at: handle) }
      case .storageItem(let codeUnits): storage.noteItem(codeUnits: codeUnits, row)
      case .damage(let damage): note(damage)
      case .content(let kind, let content):
        note(
          try Self.damage { () throws(VaultError) in
            switch kind {
            case .custodianKey: try custodians.note(content, row)
            case .database, .databaseState, .databaseRow:
              try databases.note(content, kind, row, reader.keys)
            default: try storage.noteUsage(content, row, reader.keys)
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
