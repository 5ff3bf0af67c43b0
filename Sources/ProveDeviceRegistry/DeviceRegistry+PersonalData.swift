import JSONLines
public import ProveKeyModel
import ProveKeyPlatform

/// What is held about a person, to be given to that person.
public struct PersonalData: Hashable, Sendable {
  /// By what the person was named: `phoneNumber`, `proveId` and so on.
  public let subject: String
  /// When it was put together.
  public let at: UTCInstant
  /// The person's registrations, latest used first.
  public let registrations: [KeyRegistration]
  /// The events of each of them, in their order.
  public let events: [DeviceID: [KeyEvent]]
  /// The consumer's proveId that is kept for the number, where the person was named by a number.
  public let proveID: ProveID?

  /// How many events of one registration are given at most: the latest.
  public static let eventLimit = 1000
}

extension DeviceRegistry {
  /// Reads what is held about a person.
  /// - Throws: ``RegistryError/damaged(table:)`` when a part of it was altered, or what the store meets.
  public func personalData(of subject: PersonalSubject) async throws(RegistryError) -> PersonalData
  {
    var registrations: [KeyRegistration] = []
    var events: [DeviceID: [KeyEvent]] = [:]
    try await forEachRegistration(of: subject) { key throws(RegistryError) in
      registrations.append(key)
      let device = self.codec.locator(of: key.deviceID)
      let last = try await self.store.lastEvent(of: device)?.sequence ?? 0
      let limit = PersonalData.eventLimit
      events[key.deviceID] = try await self.events(
        at: device, after: last > UInt64(limit) ? last - UInt64(limit) : 0, limit: limit)
    }
    registrations.sort { $0.isMoreRecent(than: $1) }
    var proveID: ProveID?
    if case .phoneNumber(let number) = subject,
      let found = try await item(PersonalItems.consumer, number.e164)
    {
      proveID = ProveID(String(decoding: found.bytes, as: UTF8.self))
    }
    return PersonalData(
      subject: subject.kindName, at: clock.now, registrations: registrations, events: events,
      proveID: proveID)
  }
}

extension PersonalData {
  /// Everything as one object of JSON in UTF-8, numbers and ids in the clear.
  ///
  /// Registrations have the members of ``RegistrationDocument``, and `events` beside them.
  public var json: [UInt8] {
    var members: [(String, JSONText)] = [
      ("subject", .string(subject)), ("at", .string(at.iso8601)),
    ]
    if let proveID { members.append(("proveId", .string(proveID.rawValue))) }
    let documents = registrations.map { key -> JSONText in
      .object([
        ("registration", RegistrationDocument(key).json),
        ("events", .array((events[key.deviceID] ?? []).map(Self.json(of:)))),
      ])
    }
    members.append(("registrations", .array(documents)))
    return JSONText.object(members).bytes
  }

  private static func json(of event: KeyEvent) -> JSONText {
    var members: [(String, JSONText)] = [
      ("sequence", .integer(event.sequence)), ("at", .string(event.at.iso8601)),
      ("event", .string(event.kind.name)),
    ]
    if let row = event.row { members.append(("decision", .string("\(row)"))) }
    if let reason = event.reason { members.append(("reason", .string(reason))) }
    if let note = event.note { members.append(("note", .string(note))) }
    if let request = event.detail?.decision?.request {
      members.append(("request", json(of: request)))
    }
    members.append(("actor", .string(event.actor)))
    return .object(members)
  }

  private static func json(of request: KeyRequest) -> JSONText {
    var members: [(String, JSONText)] = [("channel", .string(request.channel.rawValue))]
    func add(_ name: String, _ text: String?) {
      if let text { members.append((name, .string(text))) }
    }
    add("phoneNumber", request.phoneNumber?.e164)
    add("proveId", request.proveID?.rawValue)
    add("deviceId", request.storedDeviceID?.rawValue)
    add("visitorId", request.visitor?.id.rawValue)
    add("clientCustomerId", request.clientCustomerID?.rawValue)
    add("clientHumanId", request.clientHumanID?.rawValue)
    return .object(members)
  }
}
