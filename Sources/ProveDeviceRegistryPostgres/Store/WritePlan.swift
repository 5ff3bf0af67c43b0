import ProveDeviceRegistry
import ProveKeySealing

/// The statements that make a batch's changes, in an order in which any two batches lock rows.
///
/// - W1: rows are reached table by table and, in a table, by key; two batches that touch the same
///   rows wait for one another but never in a circle.
/// - W2: changes of one row keep the batch's order among themselves.
struct WritePlan: Sendable {
  /// One statement.
  struct Step: Sendable {
    let command: Command
    /// The change that is in conflict unless the statement changes exactly one row.
    let decides: Int?

    fileprivate let rank: [UInt8]
  }

  /// The statements in the order in which they run.
  let steps: [Step]

  /// Plans a batch.
  init(_ batch: [RegistryWrite]) {
    var steps: [Step] = []
    steps.reserveCapacity(batch.count * 2)
    for (index, write) in batch.enumerated() { Self.add(write, index, to: &steps) }
    // Stable, for W2: equal ranks stay as they are.
    self.steps = steps.enumerated().sorted { left, right in
      left.element.rank == right.element.rank
        ? left.offset < right.offset
        : left.element.rank.lexicographicallyPrecedes(right.element.rank)
    }.map(\.element)
  }

  /// The first change that met another row than it expected, given what the statements gave.
  func conflict(in results: some Collection<ResultRows>) -> Int? {
    zip(steps, results).compactMap { step, result in
      result.changed == 1 ? nil : step.decides
    }.min()
  }

  private enum Table: UInt8 {
    case registration, candidate, event, item
  }

  private static func add(_ write: RegistryWrite, _ index: Int, to steps: inout [Step]) {
    switch write {
    case .insert(let row):
      steps.append(
        step(registration(row, PostgresSQL.insertRegistration), .registration, row.device, index))
      list(row, to: &steps)
    case .update(let row, let before):
      var command = registration(row, PostgresSQL.updateRegistration)
      command.add(Int64(clamping: before.version))
      steps.append(step(command, .registration, row.device, index))
      unlist(before, to: &steps)
      list(row, to: &steps)
    case .remove(let row):
      var command = Command(PostgresSQL.deleteRegistration)
      command.add(row.device)
      command.add(Int64(clamping: row.version))
      steps.append(step(command, .registration, row.device, index))
      unlist(row, to: &steps)
    case .append(let event): steps.append(step(append(event), .event, event.device, index))
    case .redact(let event):
      var command = Command(PostgresSQL.redactEvent)
      command.add(event.device)
      command.add(Int64(clamping: event.sequence))
      steps.append(step(command, .event, event.device, index))
    case .put(let item, let before):
      steps.append(step(put(item, before), .item, item.locator, index))
    case .removeItem(let locator):
      var command = Command(PostgresSQL.deleteItem)
      command.add(locator)
      steps.append(step(command, .item, locator, nil))
    }
  }

  private static func step(
    _ command: Command, _ table: Table, _ key: Locator, _ decides: Int?
  ) -> Step {
    Step(command: command, decides: decides, rank: [table.rawValue] + key.bytes)
  }

  private static func registration(
    _ row: StoredRegistration, _ statement: SQLStatement
  ) -> Command {
    var command = Command(statement)
    command.add(row.device)
    for locator in [
      row.visitor, row.phoneNumber, row.proveID, row.clientCustomerID, row.clientHumanID,
    ] { command.add(locator) }
    command.add(row.state.rawValue)
    command.add(row.lastActiveDay)
    command.add(Int64(clamping: row.version))
    command.add(Int64(row.epoch))
    command.add(row.sealed)
    return command
  }

  private static func append(_ event: StoredEvent) -> Command {
    var command = Command(PostgresSQL.insertEvent)
    command.add(event.device)
    command.add(Int64(clamping: event.sequence))
    command.add(Int64(event.epoch))
    command.add(event.sealed)
    if let detail = event.detail {
      command.add(detail.day)
      command.add(detail.sealed)
    } else {
      command.addNull()
      command.addNull()
    }
    return command
  }

  private static func put(_ item: StoredItem, _ before: UInt64?) -> Command {
    var command = Command(before == nil ? PostgresSQL.insertItem : PostgresSQL.updateItem)
    command.add(item.locator)
    command.add(Int64(clamping: item.version))
    command.add(item.expiryDay)
    command.add(Int64(item.epoch))
    command.add(item.sealed)
    if let before { command.add(Int64(clamping: before)) }
    return command
  }

  /// Lists a registration among its visitor's candidates, if it is one (G3).
  private static func list(_ row: StoredRegistration, to steps: inout [Step]) {
    guard row.isCandidate, let visitor = row.visitor else { return }
    var command = Command(PostgresSQL.insertCandidate)
    command.add(visitor)
    command.add(row.device)
    command.add(row.phoneNumber)
    command.add(row.proveID)
    command.add(row.lastActiveDay)
    steps.append(candidate(command, visitor, row.device))
  }

  private static func unlist(_ row: StoredRegistration, to steps: inout [Step]) {
    guard row.isCandidate, let visitor = row.visitor else { return }
    var command = Command(PostgresSQL.deleteCandidate)
    command.add(visitor)
    command.add(row.device)
    steps.append(candidate(command, visitor, row.device))
  }

  private static func candidate(
    _ command: Command, _ visitor: Locator, _ device: Locator
  ) -> Step {
    Step(
      command: command, decides: nil,
      rank: [Table.candidate.rawValue] + visitor.bytes + device.bytes)
  }
}
