import ProveDeviceRegistry
import ProveKeySealing

extension Locator {
  /// A locator that is told apart by `number`, in the bucket of its last byte.
  static func numbered(_ number: Int, _ kind: UInt8 = 0) -> Locator {
    var bytes = [UInt8](repeating: kind, count: 16)
    bytes[0] = UInt8(truncatingIfNeeded: number)
    for index in 0..<8 { bytes[15 - index] = UInt8(truncatingIfNeeded: number >> (8 * index)) }
    guard let locator = Locator(bytes) else { preconditionFailure("16 bytes are a locator") }
    return locator
  }

  static let visitor = numbered(1, 1)
  static let phone = numbered(1, 2)
}

/// A registration's row as a store sees it.
func row(
  _ number: Int, _ state: StoredRegistration.State = .bound, day: Int64 = 100, version: UInt64 = 1,
  visitor: Locator? = .visitor
) -> StoredRegistration {
  StoredRegistration(
    device: .numbered(number), visitor: visitor, phoneNumber: .phone, proveID: nil,
    clientCustomerID: nil, clientHumanID: nil, state: state, lastActiveDay: day, version: version,
    epoch: 1, sealed: sealed(number, version))
}

/// The same registration, one version on.
func next(_ before: StoredRegistration) -> StoredRegistration {
  StoredRegistration(
    device: before.device, visitor: before.visitor, phoneNumber: before.phoneNumber, proveID: nil,
    clientCustomerID: nil, clientHumanID: nil, state: before.state,
    lastActiveDay: before.lastActiveDay + 1, version: before.version + 1, epoch: 1,
    sealed: sealed(0, before.version + 1))
}

func event(_ device: Locator, _ sequence: UInt64) -> StoredEvent {
  StoredEvent(device: device, sequence: sequence, epoch: 1, sealed: sealed(7, sequence))
}

/// Bytes with the outer form of a sealed record, whose commitment tells them apart.
private func sealed(_ number: Int, _ version: UInt64) -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: SealedRecord.sealedCount(contentCount: 1))
  bytes[0] = SealedRecord.formatVersion
  bytes[33] = UInt8(truncatingIfNeeded: number)
  bytes[34] = UInt8(truncatingIfNeeded: version)
  return bytes
}

extension RegistryStore {
  /// Writes a batch under an id of its own.
  func write(_ batch: [RegistryWrite]) async throws(RegistryError) -> WriteOutcome {
    try await write(batch, as: WriteID())
  }
}
