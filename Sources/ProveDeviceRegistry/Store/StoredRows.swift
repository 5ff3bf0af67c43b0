public import ProveKeySealing

/// A registration as a store sees it: sealed, under locators that only the key's holder can make.
///
/// Every field beside `sealed` is bound to it as associated data, so that altering, swapping or
/// moving a row is caught when it is read.
public struct StoredRegistration: Hashable, Sendable {
  /// The coarse state that a store may see, for its indexes.
  public enum State: Int64, Hashable, Sendable, CaseIterable {
    /// Not yet bound.
    case placed = 1
    /// Bound, and as far as any sweep has noted, live.
    case bound = 2
    /// The binding was taken away.
    case unbound = 3
    /// Disabled for good.
    case revoked = 4
    /// Bound, and noted as inactive by a sweep.
    case dormant = 5
    /// Not to be used until an operator resumes it, whatever it was before.
    case suspended = 6
    /// Bound to a number that was marked as disconnected.
    case disconnected = 7

    /// The state's name, as listings and events show it.
    public var name: String { String(describing: self) }
  }

  /// The row's key.
  public let device: Locator
  /// The browser's fingerprint, if any.
  public let visitor: Locator?
  /// The phone number bound now or last, if any.
  public let phoneNumber: Locator?
  /// The consumer bound now or last, if any.
  public let proveID: Locator?
  /// The integrator's customer, if any.
  public let clientCustomerID: Locator?
  /// The integrator's person, if any.
  public let clientHumanID: Locator?
  /// The coarse state.
  public let state: State
  /// Days since 1970-01-01 of the last completed authentication, or of placing before the first.
  public let lastActiveDay: Int64
  /// Rises with every change; writes are compared against it.
  public let version: UInt64
  /// The epoch of the data key that seals the row.
  public let epoch: UInt32
  /// The sealed registration.
  public let sealed: [UInt8]

  /// Puts a row together as it was stored.
  public init(
    device: Locator, visitor: Locator?, phoneNumber: Locator?, proveID: Locator?,
    clientCustomerID: Locator?, clientHumanID: Locator?, state: State, lastActiveDay: Int64,
    version: UInt64, epoch: UInt32, sealed: [UInt8]
  ) {
    self.device = device
    self.visitor = visitor
    self.phoneNumber = phoneNumber
    self.proveID = proveID
    self.clientCustomerID = clientCustomerID
    self.clientHumanID = clientHumanID
    self.state = state
    self.lastActiveDay = lastActiveDay
    self.version = version
    self.epoch = epoch
    self.sealed = sealed
  }

  /// Whether the row is listed among its visitor's candidates.
  public var isCandidate: Bool { state == .bound && visitor != nil }

  /// Where the row stands in a listing.
  public var position: PagePosition { PagePosition(lastActiveDay: lastActiveDay, device: device) }
}

/// A place in a listing that runs from the latest day down, then by device locator down; in one that
/// runs by device alone the day does not count.
public struct PagePosition: Hashable, Sendable {
  /// Days since 1970-01-01.
  public let lastActiveDay: Int64
  /// The row's key.
  public let device: Locator

  /// Names a place.
  public init(lastActiveDay: Int64, device: Locator) {
    self.lastActiveDay = lastActiveDay
    self.device = device
  }
}

/// An event as a store sees it.
public struct StoredEvent: Hashable, Sendable {
  /// Which registration it is about.
  public let device: Locator
  /// 1 for the registration's first event, then one higher each time.
  public let sequence: UInt64
  /// The epoch of the data key that seals the row.
  public let epoch: UInt32
  /// The sealed event.
  public let sealed: [UInt8]
  /// What may be erased of it without breaking the chain, if anything is left.
  public let detail: Detail?

  /// The part of an event that holds personal data.
  public struct Detail: Hashable, Sendable {
    /// The day of the event, in days since 1970-01-01.
    public let day: Int64
    /// The sealed detail.
    public let sealed: [UInt8]

    /// Puts a detail together as it was stored.
    public init(day: Int64, sealed: [UInt8]) {
      self.day = day
      self.sealed = sealed
    }
  }

  /// Puts a row together as it was stored.
  public init(
    device: Locator, sequence: UInt64, epoch: UInt32, sealed: [UInt8], detail: Detail? = nil
  ) {
    self.device = device
    self.sequence = sequence
    self.epoch = epoch
    self.sealed = sealed
    self.detail = detail
  }

  /// Where the row stands among all events.
  public var position: EventPosition { EventPosition(device: device, sequence: sequence) }
}

/// A place among all events, which run by device locator and then by sequence number.
public struct EventPosition: Hashable, Sendable {
  /// Which registration the event is about.
  public let device: Locator
  /// Its number.
  public let sequence: UInt64

  /// Names a place.
  public init(device: Locator, sequence: UInt64) {
    self.device = device
    self.sequence = sequence
  }
}

/// The sealed digest of one bucket of rows, as ``SetLedger`` makes it.
public struct StoredDigest: Hashable, Sendable {
  /// The row's key.
  public let bucket: UInt8
  /// Rises with every change.
  public let version: UInt64
  /// The sealed digest.
  public let sealed: [UInt8]

  /// Puts a row together as it was stored.
  public init(bucket: UInt8, version: UInt64, sealed: [UInt8]) {
    self.bucket = bucket
    self.version = version
    self.sealed = sealed
  }
}

/// A small sealed value under a locator: a spent challenge, a session, a setting of the store.
public struct StoredItem: Hashable, Sendable {
  /// The row's key.
  public let locator: Locator
  /// Rises with every change; writes are compared against it.
  public let version: UInt64
  /// Days since 1970-01-01 from which the item may be removed; `Int64.max` for never.
  public let expiryDay: Int64
  /// The epoch of the data key that seals the row.
  public let epoch: UInt32
  /// The sealed value.
  public let sealed: [UInt8]

  /// Puts a row together as it was stored.
  public init(locator: Locator, version: UInt64, expiryDay: Int64, epoch: UInt32, sealed: [UInt8]) {
    self.locator = locator
    self.version = version
    self.expiryDay = expiryDay
    self.epoch = epoch
    self.sealed = sealed
  }
}
