import ProveKeySealing
import SQLiteDatabase

/// The one connection that writes, with its statements compiled once; kept under a lock by its
/// owner.
final class RegistryWriter {
  private let connection: Connection
  private let insertRegistration: Statement
  private let updateRegistration: Statement
  private let deleteCandidate: Statement
  private let insertCandidate: Statement
  private let insertEvent: Statement
  private let insertItem: Statement
  private let updateItem: Statement
  private let deleteExpiredItems: Statement

  init(_ connection: Connection) throws(DatabaseError) {
    self.connection = connection
    insertRegistration = try connection.prepare(RegistrySQL.insertRegistration)
    updateRegistration = try connection.prepare(RegistrySQL.updateRegistration)
    deleteCandidate = try connection.prepare(RegistrySQL.deleteCandidate)
    insertCandidate = try connection.prepare(RegistrySQL.insertCandidate)
    insertEvent = try connection.prepare(RegistrySQL.insertEvent)
    insertItem = try connection.prepare(RegistrySQL.insertItem)
    updateItem = try connection.prepare(RegistrySQL.updateItem)
    deleteExpiredItems = try connection.prepare(RegistrySQL.deleteExpiredItems)
  }

  func close() throws(DatabaseError) {
    try connection.close()
  }

  /// Writes several batches in one durable commit; each takes effect whole or not at all (G1).
  func write(_ batches: [[RegistryWrite]]) throws(DatabaseError) -> [WriteOutcome] {
    try connection.transaction(.immediate) { () throws(DatabaseError) in
      var outcomes: [WriteOutcome] = []
      outcomes.reserveCapacity(batches.count)
      for batch in batches {
        do throws(BatchFailure) {
          try connection.savepoint { () throws(BatchFailure) in try apply(batch) }
          outcomes.append(.applied)
        } catch {
          switch error {
          case .conflict(let index): outcomes.append(.conflict(at: index))
          case .database(let error): throw error
          }
        }
      }
      return outcomes
    }
  }

  func removeItems(expiredBefore day: Int64, limit: Int) throws(DatabaseError) -> Int {
    try deleteExpiredItems.bind(day, at: 1)
    try deleteExpiredItems.bind(Int64(limit), at: 2)
    try deleteExpiredItems.run()
    return connection.changes
  }

  private func apply(_ batch: [RegistryWrite]) throws(BatchFailure) {
    for (index, write) in batch.enumerated() {
      let isApplied: Bool
      do { isApplied = try apply(write) } catch { throw .database(error) }
      guard isApplied else { throw .conflict(at: index) }
    }
  }

  /// Makes one change; false when the row is not the one expected (G2).
  private func apply(_ write: RegistryWrite) throws(DatabaseError) -> Bool {
    switch write {
    case .insert(let row):
      try bind(row, to: insertRegistration)
      guard try changesOne(insertRegistration) else { return false }
      try listCandidate(row)
    case .update(let row, let before):
      try bind(row, to: updateRegistration)
      try updateRegistration.bind(Int64(clamping: before.version), at: 12)
      guard try changesOne(updateRegistration) else { return false }
      if before.isCandidate, let visitor = before.visitor {
        try deleteCandidate.bind(visitor, at: 1)
        try deleteCandidate.bind(before.device, at: 2)
        try deleteCandidate.run()
      }
      try listCandidate(row)
    case .append(let event):
      try insertEvent.bind(event.device, at: 1)
      try insertEvent.bind(Int64(clamping: event.sequence), at: 2)
      try insertEvent.bind(Int64(event.epoch), at: 3)
      try insertEvent.bind(event.sealed, at: 4)
      return try changesOne(insertEvent)
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

  /// Lists a registration among its visitor's candidates, if it is one (G3).
  private func listCandidate(_ row: StoredRegistration) throws(DatabaseError) {
    guard row.isCandidate, let visitor = row.visitor else { return }
    try insertCandidate.bind(visitor, at: 1)
    try insertCandidate.bind(row.device, at: 2)
    try insertCandidate.bind(row.phoneNumber, at: 3)
    try insertCandidate.bind(row.proveID, at: 4)
    try insertCandidate.bind(row.lastActiveDay, at: 5)
    try insertCandidate.run()
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

/// Why a batch was undone.
private enum BatchFailure: Error, DatabaseErrorConvertible {
  case conflict(at: Int)
  case database(DatabaseError)

  init(database error: DatabaseError) {
    self = .database(error)
  }
}
