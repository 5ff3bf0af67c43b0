import ProveKeySealing
import SQLiteDatabase

/// The one connection that writes, with its statements compiled once; kept under a lock by its
/// owner.
final class RegistryWriter {
  private let connection: Connection
  /// Nothing where no set digests are kept.
  private let ledger: SetLedger?
  private var applied = RecentWrites()
  private var commitsSinceLook = 0
  /// Where nobody else writes: what readers keep open, and the pages of the log, which this then moves.
  private let alone: (snapshots: KeptSnapshots, log: LogLength)?
  /// The copy that is being made, and what it is made in.
  private var copy: (backup: OnlineBackup, target: Connection)?
  private let insertRegistration: Statement
  private let updateRegistration: Statement
  private let updateSealed: Statement
  private let updateStanding: Statement
  private let deleteRegistration: Statement
  private let insertEvent: Statement
  private let redactEvent: Statement
  private let insertItem: Statement
  private let updateItem: Statement
  private let deleteItem: Statement
  private let deleteExpiredItems: Statement
  private let digestOfBucket: Statement
  private let updateDigest: Statement

  init(
    _ connection: Connection, ledger: SetLedger?, _ snapshots: KeptSnapshots?
  ) throws(DatabaseError) {
    self.connection = connection
    if let snapshots {
      alone = (snapshots, try LogLength(of: connection))
    } else {
      alone = nil
    }
    self.ledger = ledger
    insertRegistration = try connection.prepare(RegistrySQL.insertRegistration)
    updateRegistration = try connection.prepare(RegistrySQL.updateRegistration)
    updateSealed = try connection.prepare(RegistrySQL.updateSealed)
    updateStanding = try connection.prepare(RegistrySQL.updateStanding)
    deleteRegistration = try connection.prepare(RegistrySQL.deleteRegistration)
    insertEvent = try connection.prepare(RegistrySQL.insertEvent)
    redactEvent = try connection.prepare(RegistrySQL.redactEvent)
    insertItem = try connection.prepare(RegistrySQL.insertItem)
    updateItem = try connection.prepare(RegistrySQL.updateItem)
    deleteItem = try connection.prepare(RegistrySQL.deleteItem)
    deleteExpiredItems = try connection.prepare(RegistrySQL.deleteExpiredItems)
    digestOfBucket = try connection.prepare(RegistrySQL.digest)
    updateDigest = try connection.prepare(RegistrySQL.updateDigest)
  }

  func close() throws(DatabaseError) {
    try endCopy()
    try connection.close()
  }

  /// What the connection has done up to now.
  func work() throws(DatabaseError) -> DatabaseWork { try connection.work() }

  /// Begins a copy in a file that is empty; what is committed here between two steps comes along.
  func beginCopy(to path: String) throws(DatabaseError) {
    guard copy == nil else { throw DatabaseError(.inUse, operation: "backup") }
    let target = try Connection(path: path, options: ConnectionOptions(access: .readWrite))
    copy = (try OnlineBackup(of: connection, to: target), target)
  }

  /// Copies the next pages; all of them when `pageCount` is below 1.
  func stepCopy(
    pageCount: Int32
  ) throws(DatabaseError) -> (isDone: Bool, remaining: Int, total: Int) {
    guard let copy else { throw DatabaseError(.misuse, operation: "closed") }
    let isDone = try copy.backup.step(pageCount: pageCount)
    if isDone { try endCopy() }
    return (isDone, copy.backup.pages.remaining, copy.backup.pages.total)
  }

  /// Gives up the copy, if one is being made.
  func endCopy() throws(DatabaseError) {
    guard let target = copy?.target else { return }
    copy = nil
    try target.close()
  }

  /// Writes several batches in one durable commit; each takes effect whole or not at all (G1).
  ///
  /// Few batches meet another row than they expect, and a savepoint costs as much as a statement: they
  /// are written without at first. Where one is in conflict, nothing of it all stays, and the others
  /// are written again, each in a savepoint of its own.
  func write(_ requests: [BatchRequest]) throws(StoreFailure) -> [WriteOutcome] {
    // So that this commit may begin the log anew, if all of it is in the file.
    if let alone, alone.log.pages >= Self.checkpointPages { alone.snapshots.releaseLog() }
    let outcomes: [WriteOutcome]
    do throws(BatchFailure) {
      outcomes = try commit(requests) { batch throws(BatchFailure) in
        try apply(batch)
        return .applied
      }
    } catch {
      switch error {
      case .conflict(let index) where requests.count == 1: return [.conflict(at: index)]
      case .conflict: outcomes = try commit(requests, inSavepoint)
      case .store(let failure): throw failure
      }
    }
    for (request, outcome) in zip(requests, outcomes) where outcome == .applied {
      applied.insert(request.id)
    }
    boundLog()
    return outcomes
  }

  /// Writes batches in one transaction, each as `write` says, and then the digests.
  private func commit<Failure: WriteFailure>(
    _ requests: [BatchRequest], _ write: ([RegistryWrite]) throws(Failure) -> WriteOutcome
  ) throws(Failure) -> [WriteOutcome] {
    try connection.transaction(.immediate) { () throws(Failure) in
      var outcomes: [WriteOutcome] = []
      outcomes.reserveCapacity(requests.count)
      var changes = SetChanges()
      var ids: Set<WriteID> = []
      for request in requests {
        // It has taken effect already, with its digests (G9).
        if applied.contains(request.id) || ids.contains(request.id) {
          outcomes.append(.applied)
          continue
        }
        let outcome = try write(request.batch)
        if outcome == .applied {
          changes.merge(request.changes)
          ids.insert(request.id)
        }
        outcomes.append(outcome)
      }
      do throws(StoreFailure) { try update(changes) } catch { throw Failure(error) }
      return outcomes
    }
  }

  private func inSavepoint(_ batch: [RegistryWrite]) throws(StoreFailure) -> WriteOutcome {
    do throws(BatchFailure) {
      try connection.savepoint { () throws(BatchFailure) in try apply(batch) }
      return .applied
    } catch {
      switch error {
      case .conflict(let index): return .conflict(at: index)
      case .store(let failure): throw failure
      }
    }
  }

  /// Lets the digests follow the rows, in the same transaction (G10).
  private func update(_ changes: SetChanges) throws(StoreFailure) {
    guard let ledger else { return }
    for bucket in changes.buckets {
      do {
        try digestOfBucket.bind(Int64(bucket), at: 1)
        let row = try digestOfBucket.firstRow { row throws(DatabaseError) in
          try row.storedDigest()
        }
        guard let row else { throw RegistryError.damaged(table: "bucket") }
        let next = try ledger.applying(changes, to: row)
        try updateDigest.bind(Int64(bucket), at: 1)
        try updateDigest.bind(Int64(clamping: next.version), at: 2)
        try updateDigest.bind(next.sealed, at: 3)
        try updateDigest.bind(Int64(clamping: row.version), at: 4)
        try updateDigest.run()
      } catch let error as DatabaseError {
        throw .database(error)
      } catch let error as RegistryError {
        throw .registry(error)
      } catch { throw .registry(.store(.failed(code: 1))) }
    }
  }

  /// Keeps the log from growing without end where readers follow each other without a gap.
  ///
  /// SQLite itself starts the log anew only in a moment in which nobody reads from it. A restart
  /// waits for those who do: new readers find everything in the file by then and do not hold it up.
  private func boundLog() {
    if let alone {
      guard alone.log.pages >= Self.checkpointPages else { return }
      alone.snapshots.releaseLog()
    } else {
      commitsSinceLook += 1
      guard commitsSinceLook >= Self.commitsBetweenLooks else { return }
      commitsSinceLook = 0
    }
    // What cannot be tidied now is tidied at the next look; nothing that was committed depends on it.
    guard let log = try? connection.checkpoint(.passive), log.logFrames > Self.logFrameLimit
    else { return }
    alone?.snapshots.releaseLog()
    _ = try? connection.checkpoint(.truncate, waitMilliseconds: Self.restartWaitMilliseconds)
  }

  /// How many pages the log has when a commit moves them into the file.
  ///
  /// A shared commit may change a thousand pages: with SQLite's own limit, 1,000, nearly each would
  /// copy and synchronize the file as well.
  static let checkpointPages: Int32 = 2_000

  private static let commitsBetweenLooks = 64
  private static let logFrameLimit = 2 * checkpointPages
  private static let restartWaitMilliseconds: Int32 = 50

  /// Moves the whole log into the file and cuts it to nothing; waits for readers that are under way.
  func emptyLog() throws(DatabaseError) {
    if let alone {
      // Whoever begins to read at the log's end lets all of it be moved into the file, and whoever
      // begins after that does not hold the log.
      alone.snapshots.releaseLog(waiting: true)
      try connection.checkpoint(.passive)
      alone.snapshots.releaseLog(waiting: true)
    }
    let result = try connection.checkpoint(.truncate)
    guard result.logFrames == 0 else { throw DatabaseError(.inUse, operation: "empty log") }
  }

  func removeItems(expiredBefore day: Int64, limit: Int) throws(DatabaseError) -> Int {
    try deleteExpiredItems.bind(day, at: 1)
    // Below zero it would be no limit at all.
    try deleteExpiredItems.bind(Int64(max(limit, 0)), at: 2)
    try deleteExpiredItems.run()
    let count = connection.changes
    boundLog()
    return count
  }

  private func apply(_ batch: [RegistryWrite]) throws(BatchFailure) {
    for (index, write) in batch.enumerated() {
      let isApplied: Bool
      do { isApplied = try apply(write) } catch { throw BatchFailure(database: error) }
      guard isApplied else { throw .conflict(at: index) }
    }
  }

  /// Makes one change; false when the row is not the one expected (G2).
  private func apply(_ write: RegistryWrite) throws(DatabaseError) -> Bool {
    switch write {
    case .insert(let row):
      try bind(row, to: insertRegistration)
      return try changesOne(insertRegistration)
    case .update(let row, let before): return try update(before, to: row)
    case .remove(let row):
      try deleteRegistration.bind(row.device, at: 1)
      try deleteRegistration.bind(Int64(clamping: row.version), at: 2)
      return try changesOne(deleteRegistration)
    case .append(let event):
      try insertEvent.bind(event.device, at: 1)
      try insertEvent.bind(Int64(clamping: event.sequence), at: 2)
      try insertEvent.bind(Int64(event.epoch), at: 3)
      try insertEvent.bind(event.sealed, at: 4)
      if let detail = event.detail {
        try insertEvent.bind(detail.day, at: 5)
        try insertEvent.bind(detail.sealed, at: 6)
      } else {
        try insertEvent.bindNull(at: 5)
        try insertEvent.bindNull(at: 6)
      }
      return try changesOne(insertEvent)
    case .redact(let event):
      try redactEvent.bind(event.device, at: 1)
      try redactEvent.bind(Int64(clamping: event.sequence), at: 2)
      return try changesOne(redactEvent)
    case .removeItem(let locator):
      try deleteItem.bind(locator, at: 1)
      try deleteItem.run()
    case .put(let item, let before):
      let statement = before == nil ? insertItem : updateItem
      try statement.bind(item.locator, at: 1)
      try statement.bind(Int64(clamping: item.version), at: 2)
      try statement.bind(item.expiryDay, at: 3)
      try statement.bind(Int64(item.epoch), at: 4)
      try statement.bind(item.sealed, at: 5)
      if let before { try statement.bind(Int64(clamping: before), at: 6) }
      return try changesOne(statement)
    }
    return true
  }

  private func update(
    _ before: StoredRegistration, to row: StoredRegistration
  ) throws(DatabaseError) -> Bool {
    guard row.hasLocators(of: before) else {
      try bind(row, to: updateRegistration)
      try updateRegistration.bind(Int64(clamping: before.version), at: 12)
      return try changesOne(updateRegistration)
    }
    let stands = row.state == before.state && row.lastActiveDay == before.lastActiveDay
    let statement = stands ? updateSealed : updateStanding
    try statement.bind(row.device, at: 1)
    try statement.bind(Int64(clamping: row.version), at: 2)
    try statement.bind(Int64(row.epoch), at: 3)
    try statement.bind(row.sealed, at: 4)
    try statement.bind(Int64(clamping: before.version), at: 5)
    if !stands {
      try statement.bind(row.state.rawValue, at: 6)
      try statement.bind(row.lastActiveDay, at: 7)
    }
    return try changesOne(statement)
  }

  private func bind(_ row: StoredRegistration, to statement: Statement) throws(DatabaseError) {
    try statement.bind(row.device, at: 1)
    try statement.bind(row.visitor, at: 2)
    try statement.bind(row.phoneNumber, at: 3)
    try statement.bind(row.proveID, at: 4)
    try statement.bind(row.clientCustomerID, at: 5)
    try statement.bind(row.clientHumanID, at: 6)
    try statement.bind(row.state.rawValue, at: 7)
    try statement.bind(row.lastActiveDay, at: 8)
    try statement.bind(Int64(clamping: row.version), at: 9)
    try statement.bind(Int64(row.epoch), at: 10)
    try statement.bind(row.sealed, at: 11)
  }

  private func changesOne(_ statement: Statement) throws(DatabaseError) -> Bool {
    try statement.run()
    return connection.changes == 1
  }
}

extension StoredRegistration {
  /// Whether another version of the row has the same locators.
  fileprivate func hasLocators(of other: StoredRegistration) -> Bool {
    device == other.device && visitor == other.visitor && phoneNumber == other.phoneNumber
      && proveID == other.proveID && clientCustomerID == other.clientCustomerID
      && clientHumanID == other.clientHumanID
  }
}

/// A batch with its id and what it changes in the set digests.
struct BatchRequest: Sendable {
  let batch: [RegistryWrite]
  let id: WriteID
  let changes: SetChanges
}

/// Why a store's call failed.
enum StoreFailure: Error, DatabaseErrorConvertible {
  case database(DatabaseError)
  case registry(RegistryError)

  init(database error: DatabaseError) {
    self = .database(error)
  }

  /// The error that the store's caller gets.
  var asRegistryError: RegistryError {
    switch self {
    case .database(let error): RegistryError(error)
    case .registry(let error): error
    }
  }
}

/// What a commit may fail with.
private protocol WriteFailure: DatabaseErrorConvertible {
  init(_ failure: StoreFailure)
}

extension StoreFailure: WriteFailure {
  fileprivate init(_ failure: StoreFailure) { self = failure }
}

/// Why a batch was undone.
private enum BatchFailure: WriteFailure {
  case conflict(at: Int)
  case store(StoreFailure)

  init(_ failure: StoreFailure) { self = .store(failure) }
  init(database error: DatabaseError) { self = .store(.database(error)) }
}
