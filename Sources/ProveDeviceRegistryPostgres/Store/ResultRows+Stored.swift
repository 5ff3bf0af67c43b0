import ProveDeviceRegistry
import ProveKeySealing

/// Rows of the registry's tables, read with their columns in the order of `PostgresSQL`.
extension ResultRows {
  func storedRegistration(_ row: Int) throws(PostgresError) -> StoredRegistration {
    guard let state = StoredRegistration.State(rawValue: try integer(row, 6)) else {
      throw Self.malformed
    }
    return StoredRegistration(
      device: try locator(row, 0), visitor: try optionalLocator(row, 1),
      phoneNumber: try optionalLocator(row, 2), proveID: try optionalLocator(row, 3),
      clientCustomerID: try optionalLocator(row, 4), clientHumanID: try optionalLocator(row, 5),
      state: state, lastActiveDay: try integer(row, 7), version: try unsigned(row, 8),
      epoch: try epoch(row, 9), sealed: try bytes(row, 10))
  }

  func storedEvent(_ row: Int) throws(PostgresError) -> StoredEvent {
    var detail: StoredEvent.Detail?
    if !isNull(row, 4) {
      detail = StoredEvent.Detail(day: try integer(row, 4), sealed: try bytes(row, 5))
    }
    return StoredEvent(
      device: try locator(row, 0), sequence: try unsigned(row, 1), epoch: try epoch(row, 2),
      sealed: try bytes(row, 3), detail: detail)
  }

  func storedItem(_ row: Int, at locator: Locator) throws(PostgresError) -> StoredItem {
    StoredItem(
      locator: locator, version: try unsigned(row, 0), expiryDay: try integer(row, 1),
      epoch: try epoch(row, 2), sealed: try bytes(row, 3))
  }

  func storedDigest(_ row: Int) throws(PostgresError) -> StoredDigest {
    guard let bucket = UInt8(exactly: try integer(row, 0)) else { throw Self.malformed }
    return StoredDigest(bucket: bucket, version: try unsigned(row, 1), sealed: try bytes(row, 2))
  }

  func locator(_ row: Int, _ column: Int) throws(PostgresError) -> Locator {
    let locator = try withValue(row, column) { Locator($0) }
    guard let locator else { throw Self.malformed }
    return locator
  }

  func optionalLocator(_ row: Int, _ column: Int) throws(PostgresError) -> Locator? {
    isNull(row, column) ? nil : try locator(row, column)
  }

  /// Every row, as `read` makes it.
  func all<Value>(
    _ read: (Int) throws(PostgresError) -> Value
  ) throws(PostgresError) -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(count)
    for row in 0..<count { values.append(try read(row)) }
    return values
  }

  private func unsigned(_ row: Int, _ column: Int) throws(PostgresError) -> UInt64 {
    guard let value = UInt64(exactly: try integer(row, column)) else { throw Self.malformed }
    return value
  }

  private func epoch(_ row: Int, _ column: Int) throws(PostgresError) -> UInt32 {
    guard let value = UInt32(exactly: try integer(row, column)) else { throw Self.malformed }
    return value
  }

  /// A value that no statement of ours has written: the row was altered.
  private static var malformed: PostgresError {
    PostgresError(.corrupt, operation: "read a row")
  }
}

extension Command {
  mutating func add(_ locator: Locator) {
    locator.withBytes { add($0) }
  }

  mutating func add(_ locator: Locator?) {
    if let locator { add(locator) } else { addNull() }
  }
}
