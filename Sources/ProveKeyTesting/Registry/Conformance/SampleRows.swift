package import ProveDeviceRegistry
package import ProveKeySealing

/// Rows made by hand, free to be anything: a store sees nothing but their columns.
package enum SampleRows: Sendable {
  /// A visitor that rows have unless told otherwise.
  package static let visitor = locator(1, 1)
  /// A number that rows have unless told otherwise.
  package static let phone = locator(1, 2)
  /// A consumer.
  package static let prove = locator(1, 3)
  /// A customer.
  package static let customer = locator(1, 4)
  /// A person.
  package static let human = locator(1, 5)

  /// A locator that sorts by `number`, and of which the `kind` is the first byte.
  package static func locator(_ number: Int, _ kind: UInt8 = 0) -> Locator {
    let bytes = [kind] + [UInt8](repeating: 0, count: 11) + bigEndian(number)
    guard let locator = Locator(bytes) else { preconditionFailure("16 bytes are a locator") }
    return locator
  }

  /// A registration's row.
  package static func row(
    _ number: Int, _ state: StoredRegistration.State = .bound, day: Int64 = 100,
    version: UInt64 = 1, epoch: UInt32 = 1, visitor: Locator? = visitor, phone: Locator? = phone,
    prove: Locator? = nil, customer: Locator? = nil, human: Locator? = nil
  ) -> StoredRegistration {
    StoredRegistration(
      device: locator(number), visitor: visitor, phoneNumber: phone, proveID: prove,
      clientCustomerID: customer, clientHumanID: human, state: state, lastActiveDay: day,
      version: version, epoch: epoch, sealed: sealed(UInt64(number) << 20 ^ version, epoch))
  }

  /// An event of the registration with that number.
  package static func event(
    _ number: Int, _ sequence: UInt64, detailDay: Int64? = nil
  ) -> StoredEvent {
    let seed = UInt64(number) << 20 ^ sequence ^ 1 << 60
    return StoredEvent(
      device: locator(number), sequence: sequence, epoch: 1, sealed: sealed(seed, 1),
      detail: detailDay.map { .init(day: $0, sealed: sealed(seed ^ 1 << 61, 1)) })
  }

  /// An item.
  package static func item(
    _ number: Int, version: UInt64 = 1, expiryDay: Int64 = 100
  ) -> StoredItem {
    StoredItem(
      locator: locator(number, 9), version: version, expiryDay: expiryDay, epoch: 1,
      sealed: sealed(UInt64(number) << 20 ^ version ^ 1 << 62, 1))
  }

  /// Bytes with the outer form of a sealed record, and every value among them.
  private static func sealed(_ seed: UInt64, _ epoch: UInt32) -> [UInt8] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    let count = SealedRecord.sealedCount(contentCount: 32 * Int(1 + seed % 12))
    var bytes: [UInt8] = []
    while bytes.count < count {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      bytes.append(UInt8(truncatingIfNeeded: state >> 24))
    }
    bytes[0] = SealedRecord.formatVersion
    bytes.replaceSubrange(1..<5, with: bigEndian(Int(epoch)))
    return bytes
  }

  private static func bigEndian(_ number: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }
}

extension Locator {
  /// The number that a sample's locator was made of.
  package var sampleNumber: Int { bytes[12...].reduce(0) { $0 << 8 | Int($1) } }
}
