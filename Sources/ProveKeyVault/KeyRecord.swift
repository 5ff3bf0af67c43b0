import ProveKeyModel

/// The record of one key's public facts.
///
/// Content: kind 1, layout 1, state 1, sequence 8, algorithm 1, created 8 (milliseconds since 1970),
/// confirmed (0, or 1 and 8); then led by their lengths as four bytes: deviceId, build config,
/// origin, public key. Layout 2, of a key that a custodian holds, ends with the custodian's name. Layouts
/// 3 and 4 are these two of a salvaged key.
struct KeyRecord: Equatable {
  let key: ProveKey
  /// The generation in which it was placed or confirmed: it tells which came last, whatever the
  /// clock said.
  let sequence: UInt64
  /// Whether it was read out of a vault that was not whole: what the key signs then shows the
  /// generation 0, which is below any that a vault has, so that a server takes it for stale until the
  /// key is replaced.
  var isSalvaged = false

  private static let layout: UInt8 = 1
  private static let custodianLayout: UInt8 = 2
  /// What a salvaged key adds to either.
  private static let salvagedStep: UInt8 = 2

  /// The bytes that are sealed.
  var encoded: [UInt8] {
    var writer = ByteWriter(reservingCapacity: 192)
    writer.write(RecordKind.key.rawValue)
    let layout = key.custodian == nil ? Self.layout : Self.custodianLayout
    writer.write(isSalvaged ? layout + Self.salvagedStep : layout)
    writer.write(key.state.rawValue)
    writer.write(sequence)
    writer.write(key.publicKey.algorithm.rawValue)
    writer.write(key.createdAt.millisecondsSinceEpoch)
    writer.writeOptional(key.confirmedAt) { $0.write($1.millisecondsSinceEpoch) }
    writer.writeText(key.deviceID.rawValue)
    writer.writeText(key.scope.buildConfig.rawValue)
    writer.writeText(key.scope.origin)
    writer.writeBlock(key.publicKey.bytes)
    if let custodian = key.custodian { writer.writeText(custodian) }
    return writer.bytes
  }

  /// Reads what was sealed.
  static func decode(_ bytes: [UInt8]) throws(VaultError) -> KeyRecord {
    try RecordKind.key.reading(bytes) { reader throws(ByteReader.Malformed) in
      let read = try reader.read(UInt8.self, "layout")
      let isSalvaged = read > custodianLayout
      let found = isSalvaged ? read - salvagedStep : read
      guard found == layout || found == custodianLayout,
        let state = ProveKey.State(rawValue: try reader.read(UInt8.self, "state"))
      else { throw ByteReader.Malformed(field: "state") }
      let sequence = try reader.read(UInt64.self, "sequence")
      guard let algorithm = KeyAlgorithm(rawValue: try reader.read(UInt8.self, "algorithm")) else {
        throw ByteReader.Malformed(field: "algorithm")
      }
      let created = try readInstant(&reader, "created")
      let confirmed = try reader.readOptional("confirmed") { reader throws(ByteReader.Malformed) in
        try readInstant(&reader, "confirmed")
      }
      let id = DeviceID(try reader.readText(limit: identifierByteLimit, "id"))
      let config = BuildConfig(rawValue: try reader.readText(limit: 32, "build config"))
      let origin = try reader.readText(limit: identifierByteLimit, "origin")
      let publicKey = try reader.readBlock(limit: 256, "public key")
      let custodian =
        found == layout
        ? nil : try reader.readText(limit: CustodianRecord.nameLimit, "custodian")
      guard custodian.map(CustodianRecord.accepts) ?? true else {
        throw ByteReader.Malformed(field: "custodian")
      }
      guard let id, let config else { throw ByteReader.Malformed(field: "id") }
      do throws(ModelError) {
        let key = ProveKey(
          deviceID: id, publicKey: try PublicKey(algorithm: algorithm, bytes: publicKey),
          scope: try KeyScope(buildConfig: config, origin: origin), state: state,
          createdAt: created, confirmedAt: confirmed, custodian: custodian)
        return KeyRecord(key: key, sequence: sequence, isSalvaged: isSalvaged)
      } catch {
        throw ByteReader.Malformed(field: "key")
      }
    }
  }

  /// Reads a time; one beyond the calendar, which an instant would clamp, was never written.
  private static func readInstant(
    _ reader: inout ByteReader, _ field: String
  ) throws(ByteReader.Malformed) -> UTCInstant {
    let milliseconds = try reader.read(Int64.self, field)
    let instant = UTCInstant(millisecondsSinceEpoch: milliseconds)
    guard instant.millisecondsSinceEpoch == milliseconds else {
      throw ByteReader.Malformed(field: field)
    }
    return instant
  }
}
