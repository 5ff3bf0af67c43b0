import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing

/// The record of one key's public facts.
///
/// Content: kind 1, layout 1, state 1, sequence 8, algorithm 1, created 8 (milliseconds since 1970),
/// confirmed (0, or 1 and 8); then led by their lengths as four bytes: deviceId, build config,
/// origin, public key. Layout 2, of a key that a custodian holds, ends with the custodian's name. Layouts
/// 3 and 4 are these two of a salvaged key.
struct KeyRecord {
  /// The key, whose facts the record is made of.
  let key: ProveKey

  var sequence: UInt64 { key.facts.sequence }
  var isSalvaged: Bool { key.facts.isSalvaged }

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
    try decode(bytes.span, expecting: nil, nil).record
  }

  /// Reads what was sealed, and takes id and scope from what is at hand where the bytes are the same.
  ///
  /// - Returns: the record, and whether its id and its scope are those that were expected.
  static func decode(
    _ bytes: Span<UInt8>, expecting id: DeviceID?, _ scope: KeyScope?
  ) throws(VaultError) -> (record: KeyRecord, isOfID: Bool, isOfScope: Bool) {
    do throws(ByteReader.Malformed) {
      var reader = FactsReader()
      guard try reader.byte(bytes) == RecordKind.key.rawValue else { throw reader.malformed }
      let read = try reader.byte(bytes)
      let isSalvaged = read > custodianLayout
      let found = isSalvaged ? read - salvagedStep : read
      guard found == layout || found == custodianLayout,
        let state = ProveKey.State(rawValue: try reader.byte(bytes))
      else { throw reader.malformed }
      let sequence = try reader.word(bytes)
      guard let algorithm = KeyAlgorithm(rawValue: try reader.byte(bytes)) else {
        throw reader.malformed
      }
      let created = try reader.instant(bytes)
      var confirmed: UTCInstant?
      switch try reader.byte(bytes) {
      case 0: break
      case 1: confirmed = try reader.instant(bytes)
      default: throw reader.malformed
      }
      let (foundID, isOfID) = try reader.deviceID(bytes, expecting: id)
      let (foundScope, isOfScope) = try reader.scope(bytes, expecting: scope)
      let publicKey = try reader.publicKey(bytes, algorithm)
      var custodian: String?
      if found == custodianLayout {
        let name = try reader.text(bytes, limit: CustodianRecord.nameLimit)
        guard CustodianRecord.accepts(name: name) else { throw reader.malformed }
        custodian = name
      }
      guard reader.offset == bytes.count else { throw reader.malformed }
      let key = ProveKey(
        deviceID: foundID, publicKey: publicKey, scope: foundScope, state: state,
        createdAt: created, confirmedAt: confirmed, custodian: custodian, sequence: sequence,
        isSalvaged: isSalvaged)
      return (KeyRecord(key: key), isOfID, isOfScope)
    } catch {
      throw .damaged(VaultDamage(.record, .malformed))
    }
  }
}

/// How far a key's facts have been read: what `ByteReader` does, over bytes that are lent.
private struct FactsReader {
  private(set) var offset = 0

  var malformed: ByteReader.Malformed { ByteReader.Malformed(field: "key") }

  mutating func byte(_ bytes: Span<UInt8>) throws(ByteReader.Malformed) -> UInt8 {
    guard offset < bytes.count else { throw malformed }
    defer { offset += 1 }
    return bytes[offset]
  }

  mutating func word(_ bytes: Span<UInt8>) throws(ByteReader.Malformed) -> UInt64 {
    try number(bytes)
  }

  private mutating func number<Number: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: Span<UInt8>
  ) throws(ByteReader.Malformed) -> Number {
    let size = MemoryLayout<Number>.size
    guard bytes.count - offset >= size else { throw malformed }
    defer { offset += size }
    return bytes.read(Number.self, at: offset)
  }

  /// Reads a time; one beyond the calendar, which an instant would clamp, was never written.
  mutating func instant(_ bytes: Span<UInt8>) throws(ByteReader.Malformed) -> UTCInstant {
    let milliseconds = Int64(bitPattern: try word(bytes))
    let instant = UTCInstant(millisecondsSinceEpoch: milliseconds)
    guard instant.millisecondsSinceEpoch == milliseconds else { throw malformed }
    return instant
  }

  /// Passes over bytes that are led by their length.
  mutating func block(
    _ bytes: Span<UInt8>, limit: Int
  ) throws(ByteReader.Malformed) -> Range<Int> {
    let count = Int(try number(bytes) as UInt32)
    let start = offset
    guard count <= limit, count <= bytes.count - start else { throw malformed }
    offset = start + count
    return start..<offset
  }

  mutating func publicKey(
    _ bytes: Span<UInt8>, _ algorithm: KeyAlgorithm
  ) throws(ByteReader.Malformed) -> PublicKey {
    let range = try block(bytes, limit: 256)
    do throws(ModelError) {
      return try PublicKey(algorithm: algorithm, copying: bytes.extracting(range))
    } catch {
      throw malformed
    }
  }

  mutating func text(_ bytes: Span<UInt8>, limit: Int) throws(ByteReader.Malformed) -> String {
    let range = try block(bytes, limit: limit)
    do {
      return String(copying: try UTF8Span(validating: bytes.extracting(range)))
    } catch {
      throw malformed
    }
  }

  mutating func deviceID(
    _ bytes: Span<UInt8>, expecting expected: DeviceID?
  ) throws(ByteReader.Malformed) -> (DeviceID, isExpected: Bool) {
    if let expected, let after = end(of: expected.rawValue, in: bytes, from: offset) {
      offset = after
      return (expected, true)
    }
    guard let id = DeviceID(try text(bytes, limit: identifierByteLimit)) else { throw malformed }
    return (id, false)
  }

  mutating func scope(
    _ bytes: Span<UInt8>, expecting expected: KeyScope?
  ) throws(ByteReader.Malformed) -> (KeyScope, isExpected: Bool) {
    if let expected, let middle = end(of: expected.buildConfig.rawValue, in: bytes, from: offset),
      let after = end(of: expected.origin, in: bytes, from: middle)
    {
      offset = after
      return (expected, true)
    }
    guard let config = BuildConfig(rawValue: try text(bytes, limit: 32)) else { throw malformed }
    let origin = try text(bytes, limit: identifierByteLimit)
    do throws(ModelError) {
      return (try KeyScope(buildConfig: config, origin: origin), false)
    } catch {
      throw malformed
    }
  }

  /// Where a text ends that stands at `start`, led by its length; nil when another stands there.
  private func end(of text: String, in bytes: Span<UInt8>, from start: Int) -> Int? {
    var reader = self
    reader.offset = start
    // Nothing that is malformed is accepted by this: the caller reads it again.
    guard let range = try? reader.block(bytes, limit: identifierByteLimit),
      SeededHash.areSame(bytes.extracting(range), text.utf8Span.span)
    else { return nil }
    return range.upperBound
  }
}
