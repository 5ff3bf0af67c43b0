import ProveDeviceRegistry
import ProveKeySealing

/// What is read over one connection.
struct PostgresReader {
  let connection: ServerConnection

  func registration(at device: Locator) throws(PostgresError) -> StoredRegistration? {
    try registrations(at: [device]).first ?? nil
  }

  /// Reads many registrations in one round trip.
  func registrations(at devices: [Locator]) throws(PostgresError) -> [StoredRegistration?] {
    try Self.registrations(try connection.exchange(Self.lookUps(devices)), at: devices)
  }

  /// The rows that ``lookUps(_:)`` has found, in the order of the devices.
  static func registrations(
    _ results: some Collection<ResultRows>, at devices: [Locator]
  ) throws(PostgresError) -> [StoredRegistration?] {
    if devices.count == 1, let result = results.first {
      // That it is of the very device is for the registry to see, which tells damage otherwise.
      return [result.count == 0 ? nil : try result.storedRegistration(0)]
    }
    var rows: [Locator: StoredRegistration] = [:]
    rows.reserveCapacity(devices.count)
    for result in results {
      for index in 0..<result.count {
        let row = try result.storedRegistration(index)
        rows[row.device] = row
      }
    }
    return devices.map { rows[$0] }
  }

  /// The commands that read registrations: one for each of a few devices, or for many together.
  static func lookUps(_ devices: [Locator]) -> [Command] {
    guard devices.count > fewDevices else {
      return devices.map { device in
        var command = Command(PostgresSQL.registration)
        command.add(device)
        return command
      }
    }
    let size = PostgresSQL.devicesAtOnce
    return stride(from: 0, to: devices.count, by: size).map { start in
      var command = Command(PostgresSQL.registrations)
      // The last statement names its last device again and again.
      for index in start..<start + size {
        command.add(devices[min(index, devices.count - 1)])
      }
      return command
    }
  }

  /// As many devices have a statement each.
  private static let fewDevices = 3

  func item(at locator: Locator) throws(PostgresError) -> StoredItem? {
    var command = Command(PostgresSQL.item)
    command.add(locator)
    let rows = try connection.run(command)
    return rows.count == 0 ? nil : try rows.storedItem(0, at: locator)
  }

  func events(
    of device: Locator, after sequence: UInt64, limit: Int
  ) throws(PostgresError) -> [StoredEvent] {
    var command = Command(PostgresSQL.events)
    command.add(device)
    command.add(Int64(clamping: sequence))
    command.add(Int64(limit))
    return try storedEvents(command)
  }

  /// Reads the last event of each of several devices in one round trip.
  func lastEvents(of devices: [Locator]) throws(PostgresError) -> [StoredEvent?] {
    let results = try connection.exchange(
      devices.map { device in
        var command = Command(PostgresSQL.lastEvent)
        command.add(device)
        return command
      })
    var events: [StoredEvent?] = []
    events.reserveCapacity(devices.count)
    for result in results {
      events.append(result.count == 0 ? nil : try result.storedEvent(0))
    }
    return events
  }

  func events(after position: EventPosition?, limit: Int) throws(PostgresError) -> [StoredEvent] {
    var command = Command(PostgresSQL.allEvents)
    // No bytes at all come before every locator.
    command.add(position?.device.bytes ?? [])
    command.add(Int64(clamping: position?.sequence ?? 0))
    command.add(Int64(limit))
    return try storedEvents(command)
  }

  func events(withDetailBefore day: Int64, limit: Int) throws(PostgresError) -> [StoredEvent] {
    var command = Command(PostgresSQL.detailedEvents)
    command.add(day)
    command.add(Int64(limit))
    return try storedEvents(command)
  }

  func digests() throws(PostgresError) -> [StoredDigest] {
    let rows = try connection.run(PostgresSQL.digests)
    return try rows.all { row throws(PostgresError) in try rows.storedDigest(row) }
  }

  // MARK: Listings

  func registrations(
    in listing: StoredListing, after position: PagePosition?, limit: Int
  ) throws(PostgresError) -> [StoredRegistration] {
    var page = ListingPage(listing)
    // A listing runs downwards: before its first page stands the highest position there is, and a
    // position that lies above it is no other.
    if listing.isByDevice {
      if let position { page.command.add(position.device) } else { page.command.add(KeyRange.end) }
    } else if let position, position.lastActiveDay <= page.firstDay {
      page.command.add(position.lastActiveDay)
      page.command.add(position.device)
    } else {
      page.command.add(page.firstDay)
      page.command.add(KeyRange.end)
    }
    page.command.add(Int64(limit))
    page.addConditions()
    guard page.isOfCandidates else {
      let rows = try connection.run(page.command)
      return try rows.all { row throws(PostgresError) in try rows.storedRegistration(row) }
    }
    return try candidates(page.command)
  }

  /// Reads candidates and then their rows, both as of one moment.
  private func candidates(_ command: Command) throws(PostgresError) -> [StoredRegistration] {
    try connection.transaction { () throws(PostgresError) in
      guard let found = try connection.begin(.snapshot, [command]).last else { return [] }
      let devices = try found.all { row throws(PostgresError) in try found.locator(row, 0) }
      let results = try connection.commit(after: Self.lookUps(devices))
      return try Self.registrations(results, at: devices).compactMap(\.self)
    }
  }

  private func storedEvents(_ command: Command) throws(PostgresError) -> [StoredEvent] {
    let rows = try connection.run(command)
    return try rows.all { row throws(PostgresError) in try rows.storedEvent(row) }
  }
}

/// The statement of a listing with the values that come before and after its position.
private struct ListingPage {
  var command: Command
  private let listing: StoredListing

  init(_ listing: StoredListing) {
    self.listing = listing
    switch listing {
    case .state(let state):
      command = Command(PostgresSQL.listingByState)
      command.add(state.rawValue)
    case .boundAndIdle:
      command = Command(PostgresSQL.listingByState)
      command.add(StoredRegistration.State.bound.rawValue)
    case .visitor(let locator, _): command = Self.command(PostgresSQL.listingByVisitor, locator)
    case .phoneNumber(let locator): command = Self.command(PostgresSQL.listingByPhone, locator)
    case .proveID(let locator): command = Self.command(PostgresSQL.listingByProve, locator)
    case .clientCustomerID(let locator):
      command = Self.command(PostgresSQL.listingByCustomer, locator)
    case .clientHumanID(let locator): command = Self.command(PostgresSQL.listingByHuman, locator)
    case .candidates(let visitor, _): command = Self.command(PostgresSQL.candidates, visitor)
    case .candidatesWithNumber(let visitor, _, _):
      command = Self.command(PostgresSQL.candidatesWithPhone, visitor)
    case .candidatesWithProveID(let visitor, _, _):
      command = Self.command(PostgresSQL.candidatesWithProve, visitor)
    }
  }

  /// The day from which the first page runs down.
  var firstDay: Int64 {
    if case .boundAndIdle(let day) = listing { day } else { .max }
  }

  var isOfCandidates: Bool {
    switch listing {
    case .candidates, .candidatesWithNumber, .candidatesWithProveID: true
    default: false
    }
  }

  mutating func addConditions() {
    switch listing {
    case .visitor(_, let state): command.add(state.rawValue)
    case .candidates(_, let sinceDay): command.add(sinceDay)
    case .candidatesWithNumber(_, let second, let sinceDay),
      .candidatesWithProveID(_, let second, let sinceDay):
      command.add(sinceDay)
      command.add(second)
    default: break
    }
  }

  private static func command(_ statement: SQLStatement, _ locator: Locator) -> Command {
    var command = Command(statement)
    command.add(locator)
    return command
  }
}
