import ProveKeySealing
import Testing

@testable import ProveDeviceRegistry

/// A kind of store that the conformance suite is run against; another store joins by a line in `all`.
struct StoreFactory: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let open: @Sendable () async throws -> StoreUnderTest

  static let all = [sqlite]

  static let sqlite = StoreFactory(testDescription: "SQLite") {
    let folder = try TemporaryFolder()
    let unlock = UnlockMethod.rawKey(try RawKey.random())
    let path = folder.file("registry.sqlite")
    return StoreUnderTest(store: try SQLiteRegistryStore(at: path, unlock: unlock)) {
      withExtendedLifetime(folder) {}
    }
  }
}

/// An open store, and what must live as long as it.
struct StoreUnderTest: Sendable {
  let store: any RegistryStore
  let keepAlive: @Sendable () -> Void
}

// MARK: - Rows by hand

extension Locator {
  /// A locator that sorts by `number`.
  static func numbered(_ number: Int, _ kind: UInt8 = 0) -> Locator {
    let bytes =
      [kind] + [UInt8](repeating: 0, count: 11)
      + [UInt8(number >> 24 & 0xFF), UInt8(number >> 16 & 0xFF), UInt8(number >> 8 & 0xFF)]
      + [UInt8(number & 0xFF)]
    guard let locator = Locator(bytes) else { preconditionFailure("16 bytes are a locator") }
    return locator
  }

  static let visitor = numbered(1, 1)
  static let phone = numbered(1, 2)
  static let prove = numbered(1, 3)
  static let customer = numbered(1, 4)
  static let human = numbered(1, 5)
}

/// A registration's row as a store sees it, free to be anything.
func row(
  _ number: Int, _ state: StoredRegistration.State = .bound, day: Int64 = 100,
  version: UInt64 = 1, visitor: Locator? = .visitor, phone: Locator? = .phone,
  prove: Locator? = nil, customer: Locator? = nil, human: Locator? = nil
) -> StoredRegistration {
  StoredRegistration(
    device: .numbered(number), visitor: visitor, phoneNumber: phone, proveID: prove,
    clientCustomerID: customer, clientHumanID: human, state: state, lastActiveDay: day,
    version: version, epoch: 1, sealed: sealed(number, version))
}

func event(_ number: Int, _ sequence: UInt64) -> StoredEvent {
  StoredEvent(
    device: .numbered(number), sequence: sequence, epoch: 1, sealed: sealed(7, sequence))
}

func item(_ number: Int, version: UInt64 = 1, expiryDay: Int64 = 100) -> StoredItem {
  StoredItem(
    locator: .numbered(number, 9), version: version, expiryDay: expiryDay, epoch: 1,
    sealed: [UInt8(version & 0xFF)])
}

/// Bytes with the outer form of a sealed record, whose commitment tells them apart.
private func sealed(_ number: Int, _ version: UInt64) -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: SealedRecord.sealedCount(contentCount: 1))
  bytes[0] = SealedRecord.formatVersion
  bytes[33] = UInt8(number & 0xFF)
  bytes[34] = UInt8(version & 0xFF)
  return bytes
}

extension RegistryStore {
  /// Writes a batch under an id of its own.
  func write(_ batch: [RegistryWrite]) async throws(RegistryError) -> WriteOutcome {
    try await write(batch, as: WriteID())
  }

  /// All of a listing, page by page.
  func all(_ listing: StoredListing, by limit: Int = 1000) async throws -> [StoredRegistration] {
    var rows: [StoredRegistration] = []
    while true {
      let page = try await registrations(in: listing, after: rows.last?.position, limit: limit)
      rows += page
      if page.isEmpty { return rows }
    }
  }

  /// The numbers of a listing's rows, in its order.
  func numbers(_ listing: StoredListing, by limit: Int = 1000) async throws -> [Int] {
    try await all(listing, by: limit).map { $0.device.bytes[12...].reduce(0) { $0 << 8 | Int($1) } }
  }
}
