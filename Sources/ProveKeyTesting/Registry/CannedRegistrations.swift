public import ProveDeviceRegistry
public import ProveKeyModel
import ProveKeySealing

/// Registrations of every kind, with the devices that hold their keys: what a server must expect to
/// meet.
///
/// They are made by the registry's own operations, so that their events and counts are as in life.
public struct CannedRegistrations: Sendable {
  /// Registered, and bound to nothing.
  public let placed: SimulatedDevice
  /// Bound to ``number``, used today: it authenticates.
  public let bound: SimulatedDevice
  /// Its binding was taken away.
  public let unbound: SimulatedDevice
  /// Disabled for good.
  public let revoked: SimulatedDevice
  /// Bound, and suspended by an operator.
  public let suspended: SimulatedDevice
  /// Bound to ``disconnectedNumber``, which is out of service.
  public let disconnected: SimulatedDevice
  /// Bound, and not used for longer than the policy allows.
  public let inactive: SimulatedDevice
  /// Bound, and inactive from the day after tomorrow on.
  public let nearlyInactive: SimulatedDevice
  /// Twelve live registrations of ``visitor``, four with each of ``numbers``, the latest first.
  public let ofVisitor: [SimulatedDevice]

  /// The number that all others are bound to.
  public let number: PhoneNumber
  /// A number out of service.
  public let disconnectedNumber: PhoneNumber
  /// A browser that is shared, or whose fingerprint is: it has many registrations.
  public let visitor: Visitor
  /// The numbers of the visitor's registrations.
  public let numbers: [PhoneNumber]

  /// Makes them in a registry.
  ///
  /// The clock is put back by as much as the policy allows keys to rest, and stands as before in
  /// the end.
  /// - Parameter clock: the clock that the registry was opened with.
  /// - Throws: what the registry throws.
  public init(in registry: DeviceRegistry, clock: ManualClock) async throws(RegistryError) {
    let today = clock.now
    defer { clock.now = today }
    let names = try Names()
    (number, disconnectedNumber) = (names.number, names.disconnectedNumber)
    (visitor, numbers) = (names.visitor, names.numbers)
    let maker = Maker(registry: registry, number: names.number)

    clock.now = today.adding(months: -registry.policy.inactivityMonths)
    clock.advance(days: -30)
    inactive = try await maker.bound()
    clock.now = today.adding(months: -registry.policy.inactivityMonths)
    clock.advance(days: 2)
    nearlyInactive = try await maker.bound()

    var devices: [SimulatedDevice] = []
    for index in 0..<12 {
      clock.now = today
      clock.advance(days: index - 13)
      devices.append(
        try await maker.bound(to: names.numbers[index % 3], visitor: names.visitor.id))
    }
    ofVisitor = devices.reversed()

    clock.now = today
    placed = try await maker.placed()
    bound = try await maker.bound()
    unbound = try await maker.bound()
    try await registry.unbind(unbound.deviceID)
    revoked = try await maker.bound()
    try await registry.revoke(revoked.deviceID)
    suspended = try await maker.bound()
    try await registry.suspend(suspended.deviceID)
    disconnected = try await maker.bound(to: names.disconnectedNumber)
    try await registry.markDisconnected(names.disconnectedNumber)
  }
}

/// What the registrations are bound to.
private struct Names {
  let number: PhoneNumber
  let disconnectedNumber: PhoneNumber
  let numbers: [PhoneNumber]
  let visitor: Visitor

  init() throws(RegistryError) {
    do {
      // Numbers of Prove's sandbox, which belong to nobody.
      number = try PhoneNumber("2001004014")
      disconnectedNumber = try PhoneNumber("2001004029")
      numbers = [
        try PhoneNumber("2001004015"), try PhoneNumber("2001004016"),
        try PhoneNumber("2001004017"),
      ]
      visitor = try Visitor(id: try VisitorID(validating: "canned-visitor"), confidence: 0.99)
    } catch { throw .model(error) }
  }
}

/// Makes registrations one by one.
private struct Maker {
  let registry: DeviceRegistry
  let number: PhoneNumber

  func placed(visitor: VisitorID? = nil) async throws(RegistryError) -> SimulatedDevice {
    let device = try SimulatedDevice()
    let challenge = registry.issueChallenge()
    try await registry.place(
      try device.offer(for: challenge), for: challenge, on: visitor == nil ? .mobile : .web,
      visitorID: visitor)
    return device
  }

  func bound(
    to other: PhoneNumber? = nil, visitor: VisitorID? = nil
  ) async throws(RegistryError) -> SimulatedDevice {
    let device = try await placed(visitor: visitor)
    try await registry.bind(device.deviceID, to: other ?? number)
    return device
  }
}
