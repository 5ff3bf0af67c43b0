import ProveKeySealing
import SQLiteDatabase

/// One connection with the statements that read, compiled once; kept under a lock by its owner.
final class RegistryReader {
  private let connection: Connection
  private let registrationByDevice: Statement
  private let itemByLocator: Statement
  private let eventsOfDevice: Statement
  private let lastEventOfDevice: Statement
  private let allEvents: Statement
  private let detailedEvents: Statement
  private var listings: [String: Statement] = [:]
  /// The writer's turn in which the transaction began that is kept open.
  private var turn: UInt64 = 0

  /// Compiles the statements; the connection is the reader's own from then on, or is lent to it
  /// for as long as it lives.
  init(_ connection: Connection) throws(DatabaseError) {
    self.connection = connection
    registrationByDevice = try connection.prepare(RegistrySQL.registration)
    itemByLocator = try connection.prepare(RegistrySQL.item)
    eventsOfDevice = try connection.prepare(RegistrySQL.events)
    lastEventOfDevice = try connection.prepare(RegistrySQL.lastEvent)
    allEvents = try connection.prepare(RegistrySQL.allEvents)
    detailedEvents = try connection.prepare(RegistrySQL.detailedEvents)
  }

  func close() throws(DatabaseError) {
    listings = [:]
    try connection.close()
  }

  /// Reads in a transaction that stays open, one for each of the writer's turns.
  /// - Parameter turn: the present one, or one that has passed since.
  func keepReading(in turn: UInt64) throws(DatabaseError) {
    if turn != self.turn { stopReading() }
    self.turn = turn
    try connection.keepReading(amongOthers: true)
  }

  /// Ends the transaction that is kept open, if there is one.
  func stopReading() { connection.stopReading() }

  /// What the connection has done up to now.
  func work() throws(DatabaseError) -> DatabaseWork { try connection.work() }

  func registration(at device: Locator) throws(DatabaseError) -> StoredRegistration? {
    try registrationByDevice.bind(device, at: 1)
    return try registrationByDevice.firstRow { row throws(DatabaseError) in
      try row.storedRegistration()
    }
  }

  func registrations(at devices: [Locator]) throws(DatabaseError) -> [StoredRegistration?] {
    try forEach(devices) { device throws(DatabaseError) in try registration(at: device) }
  }

  func item(at locator: Locator) throws(DatabaseError) -> StoredItem? {
    try itemByLocator.bind(locator, at: 1)
    return try itemByLocator.firstRow { row throws(DatabaseError) in
      StoredItem(
        locator: locator, version: try row.unsigned(at: 0), expiryDay: try row.int64(at: 1),
        epoch: try row.epoch(at: 2), sealed: try row.bytes(at: 3))
    }
  }

  func events(
    of device: Locator, after sequence: UInt64, limit: Int
  ) throws(DatabaseError) -> [StoredEvent] {
    try eventsOfDevice.bind(device, at: 1)
    try eventsOfDevice.bind(Int64(clamping: sequence), at: 2)
    try eventsOfDevice.bind(Int64(limit), at: 3)
    return try storedEvents(eventsOfDevice)
  }

  func events(
    after position: EventPosition?, limit: Int
  ) throws(DatabaseError) -> [StoredEvent] {
    try allEvents.bind(position?.device.bytes ?? [], at: 1)
    try allEvents.bind(Int64(clamping: position?.sequence ?? 0), at: 2)
    try allEvents.bind(Int64(limit), at: 3)
    return try storedEvents(allEvents)
  }

  func events(withDetailBefore day: Int64, limit: Int) throws(DatabaseError) -> [StoredEvent] {
    try detailedEvents.bind(day, at: 1)
    try detailedEvents.bind(Int64(limit), at: 2)
    return try storedEvents(detailedEvents)
  }

  private func storedEvents(_ statement: Statement) throws(DatabaseError) -> [StoredEvent] {
    var events: [StoredEvent] = []
    try statement.forEachRow { row throws(DatabaseError) in
      events.append(try row.storedEvent())
    }
    return events
  }

  func lastEvents(of devices: [Locator]) throws(DatabaseError) -> [StoredEvent?] {
    try forEach(devices) { device throws(DatabaseError) in
      try lastEventOfDevice.bind(device, at: 1)
      return try lastEventOfDevice.firstRow { row throws(DatabaseError) in
        try row.storedEvent()
      }
    }
  }

  /// Reads something of each of several devices in one transaction.
  ///
  /// All connections of a process to one file share a lock that beginning and ending to read takes,
  /// and whoever meets another there sleeps: others would wait as often as rows are read.
  private func forEach<Value>(
    _ devices: [Locator], _ read: (Locator) throws(DatabaseError) -> Value
  ) throws(DatabaseError) -> [Value] {
    func all() throws(DatabaseError) -> [Value] {
      var values: [Value] = []
      values.reserveCapacity(devices.count)
      for device in devices { values.append(try read(device)) }
      return values
    }
    if connection.isReading { return try all() }
    return try connection.transaction(.deferred) { () throws(DatabaseError) in try all() }
  }

  func registrations(
    in listing: StoredListing, after position: PagePosition?, limit: Int
  ) throws(DatabaseError) -> [StoredRegistration] {
    let statement = try self.statement(for: listing)
    // A listing runs downwards: before its first page stands the highest position there is.
    try statement.bind(position?.lastActiveDay ?? .max, at: 2)
    let device = position?.device.bytes ?? Self.afterAllDevices
    try statement.bind(device, at: 3)
    try statement.bind(Int64(limit), at: 4)
    try bindSubject(of: listing, to: statement, after: position)
    var rows: [StoredRegistration] = []
    try statement.forEachRow { row throws(DatabaseError) in
      rows.append(try row.storedRegistration())
    }
    return rows
  }

  func statistics() throws(DatabaseError) -> StoreStatistics {
    var counts: [StoredRegistration.State: Int] = [:]
    let byState = try connection.prepare("SELECT state, count(*) FROM registration GROUP BY state")
    try byState.forEachRow { row throws(DatabaseError) in
      guard let state = StoredRegistration.State(rawValue: try row.int64(at: 0)) else {
        throw DatabaseError(.corrupt, operation: "read state")
      }
      counts[state] = Int(try row.int64(at: 1))
    }
    let pages = try connection.int64("PRAGMA page_count")
    let pageSize = try connection.int64("PRAGMA page_size")
    return StoreStatistics(
      registrations: counts,
      candidates: Int(try connection.int64(RegistrySQL.candidateCount)),
      events: Int(try connection.int64("SELECT count(*) FROM event")),
      items: Int(try connection.int64("SELECT count(*) FROM item")),
      byteCount: Int(pages * pageSize))
  }

  func census() throws(DatabaseError) -> StoreCensus {
    var cohorts: [StoreCensus.Cohort] = []
    let byDay = try connection.prepare(RegistrySQL.cohorts)
    try byDay.forEachRow { row throws(DatabaseError) in
      guard let state = StoredRegistration.State(rawValue: try row.int64(at: 0)) else {
        throw DatabaseError(.corrupt, operation: "read state")
      }
      cohorts.append(
        StoreCensus.Cohort(
          state: state, lastActiveDay: try row.int64(at: 1), count: Int(try row.int64(at: 2))))
    }
    var visitors: [Int: Int] = [:]
    let byCount = try connection.prepare(RegistrySQL.visitorsByCandidates)
    try byCount.forEachRow { row throws(DatabaseError) in
      visitors[Int(try row.int64(at: 0))] = Int(try row.int64(at: 1))
    }
    return StoreCensus(cohorts: cohorts, visitorsByCandidates: visitors)
  }

  func setDigests() throws(DatabaseError) -> [StoredDigest] {
    var digests: [StoredDigest] = []
    let all = try connection.prepare(RegistrySQL.digests)
    try all.forEachRow { row throws(DatabaseError) in digests.append(try row.storedDigest()) }
    return digests
  }

  func structureProblems() throws(DatabaseError) -> [String] {
    var problems = try connection.integrityCheck()
    do { try RegistrySchema.migrator.checkSchema(connection) } catch {
      guard error.kind == .schemaAltered else { throw error }
      problems.append("the schema is not the one of this format")
    }
    return problems
  }

  private func statement(for listing: StoredListing) throws(DatabaseError) -> Statement {
    let sql =
      switch listing {
      case .state, .boundAndIdle: RegistrySQL.listingByState
      case .visitor: RegistrySQL.listingByVisitor
      case .phoneNumber: RegistrySQL.listing(by: "phone")
      case .proveID: RegistrySQL.listing(by: "prove")
      case .clientCustomerID: RegistrySQL.listing(by: "customer")
      case .clientHumanID: RegistrySQL.listing(by: "human")
      case .candidates: RegistrySQL.candidates
      case .candidatesWithNumber: RegistrySQL.candidatesWithPhone
      case .candidatesWithProveID: RegistrySQL.candidatesWithProve
      }
    if let statement = listings[sql] { return statement }
    let statement = try connection.prepare(sql)
    listings[sql] = statement
    return statement
  }

  /// Sorts after every locator.
  private static let afterAllDevices = [UInt8](repeating: 0xFF, count: 17)

  private func bindSubject(
    of listing: StoredListing, to statement: Statement, after position: PagePosition?
  ) throws(DatabaseError) {
    switch listing {
    case .state(let state): try statement.bind(state.rawValue, at: 1)
    case .boundAndIdle(let day):
      try statement.bind(StoredRegistration.State.bound.rawValue, at: 1)
      if position.map({ $0.lastActiveDay > day }) ?? true {
        try statement.bind(day, at: 2)
        try statement.bind(Self.afterAllDevices, at: 3)
      }
    case .visitor(let locator, let state):
      try statement.bind(locator, at: 1)
      try statement.bind(state.rawValue, at: 5)
    case .phoneNumber(let locator), .proveID(let locator), .clientCustomerID(let locator),
      .clientHumanID(let locator):
      try statement.bind(locator, at: 1)
    case .candidates(let visitor, let sinceDay):
      try statement.bind(visitor, at: 1)
      try statement.bind(sinceDay, at: 5)
    case .candidatesWithNumber(let visitor, let second, let sinceDay),
      .candidatesWithProveID(let visitor, let second, let sinceDay):
      try statement.bind(visitor, at: 1)
      try statement.bind(sinceDay, at: 5)
      try statement.bind(second, at: 6)
    }
  }
}

extension Statement {
  func bind(_ locator: Locator, at index: Int) throws(DatabaseError) {
    guard index > 1 else { return try bindFirst(locator.high, locator.low) }
    try locator.withBytes { bytes throws(DatabaseError) in try bind(bytes, at: index) }
  }

  func bind(_ locator: Locator?, at index: Int) throws(DatabaseError) {
    guard let locator else { return try bindNull(at: index) }
    try bind(locator, at: index)
  }

  func unsigned(at column: Int) throws(DatabaseError) -> UInt64 {
    guard let value = UInt64(exactly: try int64(at: column)) else {
      throw DatabaseError(.corrupt, operation: "read version")
    }
    return value
  }

  func epoch(at column: Int) throws(DatabaseError) -> UInt32 {
    guard let value = UInt32(exactly: try int64(at: column)) else {
      throw DatabaseError(.corrupt, operation: "read epoch")
    }
    return value
  }

  private func locator(at column: Int) throws(DatabaseError) -> Locator {
    guard let (high, low) = try words(at: column) else {
      throw DatabaseError(.corrupt, operation: "read locator")
    }
    return Locator(high: high, low: low)
  }

  private func optionalLocator(at column: Int) throws(DatabaseError) -> Locator? {
    isNull(at: column) ? nil : try locator(at: column)
  }

  fileprivate func storedRegistration() throws(DatabaseError) -> StoredRegistration {
    guard let state = StoredRegistration.State(rawValue: try int64(at: 6)) else {
      throw DatabaseError(.corrupt, operation: "read state")
    }
    return StoredRegistration(
      device: try locator(at: 0), visitor: try optionalLocator(at: 1),
      phoneNumber: try optionalLocator(at: 2), proveID: try optionalLocator(at: 3),
      clientCustomerID: try optionalLocator(at: 4), clientHumanID: try optionalLocator(at: 5),
      state: state, lastActiveDay: try int64(at: 7), version: try unsigned(at: 8),
      epoch: try epoch(at: 9), sealed: try bytes(at: 10))
  }

  fileprivate func storedEvent() throws(DatabaseError) -> StoredEvent {
    var detail: StoredEvent.Detail?
    if !isNull(at: 4) {
      detail = StoredEvent.Detail(day: try int64(at: 4), sealed: try bytes(at: 5))
    }
    return StoredEvent(
      device: try locator(at: 0), sequence: try unsigned(at: 1), epoch: try epoch(at: 2),
      sealed: try bytes(at: 3), detail: detail)
  }

  func storedDigest() throws(DatabaseError) -> StoredDigest {
    guard let bucket = UInt8(exactly: try int64(at: 0)) else {
      throw DatabaseError(.corrupt, operation: "read bucket")
    }
    return StoredDigest(bucket: bucket, version: try unsigned(at: 1), sealed: try bytes(at: 2))
  }
}
