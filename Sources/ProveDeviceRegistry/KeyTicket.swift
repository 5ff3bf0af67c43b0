import ProveKeyModel
import ProveKeySealing

/// A decision on its way to being completed, sealed so that only the registry can read or make it.
///
/// It may wait in a session or travel through a client while possession is checked: it expires
/// after 15 minutes, works once, and only while the registrations it is about stand at the versions
/// it was made on.
public struct KeyTicket: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
  /// The sealed ticket in URL-safe Base64.
  public let text: String

  /// Takes a ticket that was kept or sent; whether it is one is told when used.
  public init(text: String) {
    self.text = text
  }

  /// Never the ticket itself.
  public var description: String { "KeyTicket" }

  /// Shows no children, so that `dump` cannot print the ticket.
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// What a ticket holds.
struct TicketContent: Hashable, Sendable {
  /// What is to be done.
  enum Task: Hashable, Sendable {
    case authenticate(DeviceID)
    case recover(DeviceID)
    case fulfil(PossessionReasonName, KeyPlan)
  }
  /// A reason by name, as events keep it.
  typealias PossessionReasonName = String

  var id: [UInt8]
  var madeAt: UTCInstant
  let row: DecisionRow
  var task: Task
  /// The version of the registration that the task changes, and of the one it retires.
  var version: UInt64?
  let retiredVersion: UInt64?
  /// The standing of that registration, which authentications beside this one do not change.
  var standing: [UInt8]?
  /// The challenge that the presented key answered.
  var challenge: Challenge?
  /// Counter and vault state of the presented key, to be noted.
  var presented: KeyAssertion?
  let clientCustomerID: ClientCustomerID?
  let clientHumanID: ClientHumanID?
  let visitorID: VisitorID?
  /// What the key lives on: a request that shows a fingerprint comes from a browser.
  let deviceKind: DeviceDescription.Kind

  /// The registration that the task changes, if it exists already.
  var deviceID: DeviceID? {
    switch task {
    case .authenticate(let id), .recover(let id): id
    case .fulfil(_, let plan): plan.action.deviceID
    }
  }

  /// The item that says it was spent.
  func spentLocator(with keys: StoreKeys) -> Locator { keys.locator("spent-ticket", id) }
}

extension TicketContent {
  func sealed(with keys: StoreKeys) throws(RegistryError) -> KeyTicket {
    do {
      let sealed = try keys.seal(encoded.span, as: try Self.context(id))
      return KeyTicket(text: Base64URL.encode(id + sealed))
    } catch let error as SealingError {
      throw .unlock(error)
    } catch { throw .ticketUnknown }
  }

  /// Opens a ticket and checks its age.
  /// - Throws: ``RegistryError/ticketUnknown`` or ``RegistryError/ticketExpired``.
  init(
    opening ticket: KeyTicket, with keys: StoreKeys, at now: UTCInstant
  ) throws(RegistryError) {
    guard ticket.text.utf8.count <= RegistryLimits.ticketCharacterLimit,
      let bytes = Base64URL.decode(ticket.text), bytes.count > 16
    else { throw .ticketUnknown }
    let id = Array(bytes[..<16])
    let plaintext: [UInt8]
    do {
      plaintext = try keys.open(Array(bytes[16...]).span, as: try Self.context(id))
    } catch { throw .ticketUnknown }
    guard let content = TicketContent(id: id, decoding: plaintext) else { throw .ticketUnknown }
    let age = now.millisecondsSinceEpoch - content.madeAt.millisecondsSinceEpoch
    guard age < RegistryLimits.ticketLifetimeSeconds * 1000,
      age >= -RegistryLimits.clockSkewSeconds * 1000
    else { throw .ticketExpired }
    self = content
  }

  private static func context(_ id: [UInt8]) throws(RegistryError) -> RecordContext {
    guard let locator = Locator(id) else { throw .ticketUnknown }
    return RecordContext(table: "ticket", locator: locator, version: 1)
  }

  private var encoded: [UInt8] {
    var writer = ByteWriter(reservingCapacity: 256)
    writer.write(madeAt.millisecondsSinceEpoch)
    writer.write(UInt8(row.rawValue))
    switch task {
    case .authenticate(let id):
      writer.write(UInt8(1))
      writer.writeText(id.rawValue)
    case .recover(let id):
      writer.write(UInt8(2))
      writer.writeText(id.rawValue)
    case .fulfil(let reason, let plan):
      writer.write(UInt8(3))
      writer.writeText(reason)
      writer.writePlan(plan)
    }
    writer.writeOptional(version) { $0.write($1) }
    writer.writeOptional(retiredVersion) { $0.write($1) }
    writer.writeOptional(standing) { $0.writeFixed($1) }
    writer.writeOptional(challenge) { $0.writeBlock($1.bytes) }
    writer.writeOptional(presented) { $0.writeBlock($1.encoded) }
    writer.writeOptional(clientCustomerID) { $0.writeText($1.rawValue) }
    writer.writeOptional(clientHumanID) { $0.writeText($1.rawValue) }
    writer.writeOptional(visitorID) { $0.writeText($1.rawValue) }
    writer.write(deviceKind.rawValue)
    return writer.bytes
  }

  private init?(id: [UInt8], decoding bytes: [UInt8]) {
    var reader = ByteReader(bytes)
    do {
      self.id = id
      madeAt = try reader.readInstant("madeAt")
      guard let row = DecisionRow(rawValue: Int(try reader.read(UInt8.self, "row"))) else {
        return nil
      }
      self.row = row
      switch try reader.read(UInt8.self, "task") {
      case 1: task = .authenticate(try reader.readIdentifier(DeviceID.self))
      case 2: task = .recover(try reader.readIdentifier(DeviceID.self))
      case 3:
        task = .fulfil(try reader.readText(limit: 64, "reason"), try reader.readPlan())
      default: return nil
      }
      version = try reader.readOptional("version") { reader throws(ByteReader.Malformed) in
        try reader.read(UInt64.self, "version")
      }
      retiredVersion = try reader.readOptional("retired") { reader throws(ByteReader.Malformed) in
        try reader.read(UInt64.self, "retired")
      }
      standing = try reader.readOptional("standing") { reader throws(ByteReader.Malformed) in
        try reader.readFixed(32, "standing")
      }
      challenge = try reader.readOptional("challenge") { reader throws(ByteReader.Malformed) in
        Challenge(bytes: try reader.readBlock(limit: 255, "challenge"))
      }
      let assertion = try reader.readOptional("presented") { reader throws(ByteReader.Malformed) in
        try reader.readBlock(limit: 512, "presented")
      }
      presented = try assertion.map { try KeyAssertion(encoded: $0) }
      clientCustomerID = try reader.readOptionalIdentifier(ClientCustomerID.self)
      clientHumanID = try reader.readOptionalIdentifier(ClientHumanID.self)
      visitorID = try reader.readOptionalIdentifier(VisitorID.self)
      guard let kind = DeviceDescription.Kind(rawValue: try reader.read(UInt8.self, "kind")) else {
        return nil
      }
      deviceKind = kind
      try reader.finish()
    } catch { return nil }  // the caller refuses the ticket
  }
}

extension ByteWriter {
  mutating func writePlan(_ plan: KeyPlan) {
    switch plan.action {
    case .none: write(UInt8(0))
    case .place: write(UInt8(1))
    case .bind(let id): writeAction(2, id)
    case .rebind(let id): writeAction(3, id)
    case .rekey(let id): writeAction(4, id)
    }
    writeOptional(plan.requestedPhoneNumber) { $0.write($1.digits) }
    writeOptional(plan.requestedProveID) { $0.writeText($1.rawValue) }
    writeOptional(plan.boundPhoneNumber) { $0.write($1.digits) }
    writeOptional(plan.retires) { $0.writeText($1.rawValue) }
  }

  private mutating func writeAction(_ code: UInt8, _ id: DeviceID) {
    write(code)
    writeText(id.rawValue)
  }
}

extension ByteReader {
  mutating func readPlan() throws(Malformed) -> KeyPlan {
    let action: KeyPlan.Action =
      switch try read(UInt8.self, "action") {
      case 0: .none
      case 1: .place
      case 2: .bind(try readIdentifier(DeviceID.self))
      case 3: .rebind(try readIdentifier(DeviceID.self))
      case 4: .rekey(try readIdentifier(DeviceID.self))
      default: throw Malformed(field: "action")
      }
    return KeyPlan(
      action: action,
      requestedPhoneNumber: try readOptional("phoneNumber") { reader throws(Malformed) in
        try reader.readPhoneNumber()
      },
      requestedProveID: try readOptionalIdentifier(ProveID.self),
      boundPhoneNumber: try readOptional("boundNumber") { reader throws(Malformed) in
        try reader.readPhoneNumber()
      },
      retires: try readOptionalIdentifier(DeviceID.self))
  }
}
