import ProveKeyModel
import ProveKeySealing

/// Turns registrations into sealed rows and back.
///
/// - G6: a row is bound to its table, locator, version and every clear column by its seal, so that
///   one that was altered, swapped or moved is caught when it is read. `verify` also derives the
///   columns anew from the registration inside, which would find a row that was sealed wrong.
struct RegistrationCodec: Sendable {
  let keys: StoreKeys

  func seal(_ registration: KeyRegistration) throws(RegistryError) -> StoredRegistration {
    let columns = columns(of: registration, at: locator(of: registration.deviceID))
    let plaintext = registration.encoded
    return try wrapping { () throws(SealingError) in
      let (epoch, sealed) = try keys.sealedRow(
        plaintext, as: context(columns, registration.version))
      return StoredRegistration(
        device: columns.device, visitor: columns.visitor, phoneNumber: columns.phoneNumber,
        proveID: columns.proveID, clientCustomerID: columns.clientCustomerID,
        clientHumanID: columns.clientHumanID, state: columns.state,
        lastActiveDay: columns.lastActiveDay, version: registration.version,
        epoch: epoch, sealed: sealed)
    }
  }

  /// Opens a row of a listing: its columns are those that it was sealed with.
  func open(_ row: StoredRegistration) throws(RegistryError) -> KeyRegistration {
    let plaintext = try wrapping { () throws(SealingError) in
      try keys.openedRow(
        row.sealed, epoch: row.epoch, as: context(Columns(row), row.version))
    }
    guard let registration = KeyRegistration(decoding: plaintext),
      registration.version == row.version
    else { throw .damaged(table: Self.table) }
    return registration
  }

  /// Opens the row that was found at an id's locator: it must be of that very id.
  func open(
    _ row: StoredRegistration, of id: DeviceID, at device: Locator
  ) throws(RegistryError) -> KeyRegistration {
    let registration = try open(row)
    // Ids are equal when their bytes are: this one hashes to the locator that was asked for.
    guard registration.deviceID == id, row.device == device else {
      throw .damaged(table: Self.table)
    }
    return registration
  }

  /// Opens a row and derives every column anew from the registration inside.
  func verified(_ row: StoredRegistration) throws(RegistryError) -> KeyRegistration {
    let registration = try open(row)
    guard columns(of: registration, at: locator(of: registration.deviceID)) == Columns(row) else {
      throw .damaged(table: Self.table)
    }
    return registration
  }

  func locator(of id: DeviceID) -> Locator { keys.locator("device", id.rawValue) }
  func locator(of id: VisitorID) -> Locator { keys.locator("visitor", id.rawValue) }
  func locator(of number: PhoneNumber) -> Locator { keys.locator("phone", number.e164) }
  func locator(of id: ProveID) -> Locator { keys.locator("prove", id.rawValue) }
  func locator(of id: ClientCustomerID) -> Locator { keys.locator("customer", id.rawValue) }
  func locator(of id: ClientHumanID) -> Locator { keys.locator("human", id.rawValue) }

  private static let table = "registration"

  /// The clear columns of a row.
  struct Columns: Equatable {
    let device: Locator
    var visitor: Locator?
    var phoneNumber: Locator?
    var proveID: Locator?
    var clientCustomerID: Locator?
    var clientHumanID: Locator?
    var state: StoredRegistration.State
    var lastActiveDay: Int64
  }

  private func columns(of registration: KeyRegistration, at device: Locator) -> Columns {
    let association = registration.association
    return Columns(
      device: device,
      visitor: registration.visitorID.map { locator(of: $0) },
      phoneNumber: association.map { locator(of: $0.phoneNumber) },
      proveID: association?.proveID.map { locator(of: $0) },
      clientCustomerID: registration.clientCustomerID.map { locator(of: $0) },
      clientHumanID: registration.clientHumanID.map { locator(of: $0) },
      state: StoredRegistration.State(registration),
      lastActiveDay: registration.lastUse.daysSinceEpoch)
  }

  /// What the seal of a row is bound to.
  func context(_ columns: Columns, _ version: UInt64) -> RecordContext {
    var writer = ByteWriter(reservingCapacity: 112)
    writer.write(columns.visitor)
    writer.write(columns.phoneNumber)
    writer.write(columns.proveID)
    writer.write(columns.clientCustomerID)
    writer.write(columns.clientHumanID)
    writer.write(columns.state.rawValue)
    writer.write(columns.lastActiveDay)
    return RecordContext(
      table: Self.table, locator: columns.device, version: version, columns: [writer.bytes])
  }

  private func wrapping<Value>(
    _ body: () throws(SealingError) -> Value
  ) throws(RegistryError) -> Value {
    do { return try body() } catch { throw RegistryError(error, table: Self.table) }
  }
}

extension RegistrationCodec.Columns {
  init(_ row: StoredRegistration) {
    self.init(
      device: row.device, visitor: row.visitor, phoneNumber: row.phoneNumber,
      proveID: row.proveID, clientCustomerID: row.clientCustomerID,
      clientHumanID: row.clientHumanID, state: row.state, lastActiveDay: row.lastActiveDay)
  }
}

extension ByteWriter {
  /// Appends 1 and the locator when there is one, else 0; in words, since this is the hot path.
  fileprivate mutating func write(_ locator: Locator?) {
    guard let locator else { return write(UInt8(0)) }
    write(UInt8(1))
    write(locator.high)
    write(locator.low)
  }
}

extension StoredRegistration.State {
  /// The coarse state of a registration.
  init(_ registration: KeyRegistration) {
    switch registration.state {
    case .revoked: self = .revoked
    case _ where registration.isSuspended: self = .suspended
    case .placed: self = .placed
    case .bound(let binding) where registration.deactivatedAt == nil:
      self = binding.disconnectedAt == nil ? .bound : .disconnected
    case .bound: self = .dormant
    case .unbound: self = .unbound
    }
  }
}

extension RegistryError {
  /// Wraps what opening or sealing a row met: an altered row is damage of its table.
  init(_ error: SealingError, table: String) {
    switch error {
    case .damaged, .foreignStore, .unknownFormat, .unknownEpoch: self = .damaged(table: table)
    default: self = .unlock(error)
    }
  }
}
