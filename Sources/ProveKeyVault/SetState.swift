import ProveKeyModel
import ProveKeySealing
import SQLiteDatabase

/// What the sealed state row says of all other rows.
///
/// | bytes | part |
/// |---|---|
/// | 1 | layout, 1 |
/// | 8 | generation: how many transactions have written |
/// | 8 | count of rows in `record` |
/// | 32 | sum of the rows' elements modulo 2^256 |
/// | 8 | keys among the records, pending ones included |
/// | 4 | lowest epoch that is accepted |
/// | 32 | BLAKE2b-256 of the header tables |
struct SetState: Equatable {
  var generation: UInt64
  var count: UInt64
  var sum: SetDigest
  var keyCount: UInt64
  var minimumEpoch: UInt32
  var headerHash: [UInt8]

  private static let layout: UInt8 = 1

  /// The state of a vault in which nothing is yet.
  static func first(headerHash: [UInt8]) -> SetState {
    SetState(
      generation: 1, count: 0, sum: .zero, keyCount: 0, minimumEpoch: 1, headerHash: headerHash)
  }

  /// The bytes that are sealed.
  var encoded: [UInt8] {
    var writer = ByteWriter(reservingCapacity: 96)
    writer.write(Self.layout)
    writer.write(generation)
    writer.write(count)
    writer.writeFixed(sum.bytes)
    writer.write(keyCount)
    writer.write(minimumEpoch)
    writer.writeFixed(headerHash)
    return writer.bytes
  }

  /// Reads what was sealed.
  static func decode(_ bytes: [UInt8]) throws(VaultError) -> SetState {
    do throws(ByteReader.Malformed) {
      var reader = ByteReader(bytes)
      guard try reader.read(UInt8.self, "layout") == layout else {
        throw ByteReader.Malformed(field: "layout")
      }
      let generation = try reader.read(UInt64.self, "generation")
      let count = try reader.read(UInt64.self, "count")
      guard let sum = SetDigest(try reader.readFixed(32, "sum")) else {
        throw ByteReader.Malformed(field: "sum")
      }
      let state = SetState(
        generation: generation, count: count, sum: sum,
        keyCount: try reader.read(UInt64.self, "keys"),
        minimumEpoch: try reader.read(UInt32.self, "epoch"),
        headerHash: try reader.readFixed(32, "header"))
      try reader.finish()
      return state
    } catch {
      throw .damaged(VaultDamage(.state, .malformed))
    }
  }
}

extension StoreKeys {
  /// Seals a state for its row.
  func seal(_ state: SetState) throws(VaultError) -> [UInt8] {
    try wrapping(.using(.state)) { () throws(SealingError) in
      try sealState(state.encoded.span, as: stateContext)
    }
  }

  /// Opens what ``seal(_:)`` sealed.
  func openSetState(_ sealed: [UInt8]) throws(VaultError) -> SetState {
    let bytes = try wrapping(.using(.state)) { () throws(SealingError) in
      try openState(sealed.span, as: stateContext)
    }
    return try .decode(bytes)
  }

  /// The row is one, and its content says the generation: so the version is always 1.
  private var stateContext: RecordContext {
    RecordContext(table: "state", locator: locator("vault.state"), version: 1)
  }
}

extension HeaderTables {
  /// BLAKE2b-256 of header and epochs, every part led by its length.
  var hash: [UInt8] {
    var writer = ByteWriter(reservingCapacity: 1024)
    writer.writeBlock(header)
    for (epoch, sealed) in epochs {
      writer.write(epoch)
      writer.writeBlock(sealed)
    }
    return Hashing.blake2b256(of: writer.bytes.span)
  }

  /// The sealed data keys.
  func sealedEpochs() throws(VaultError) -> [SealedEpoch] {
    var result: [SealedEpoch] = []
    for (number, sealed) in epochs {
      guard let epoch = UInt32(exactly: number) else {
        throw .damaged(VaultDamage(.epochKey, .malformed))
      }
      result.append(SealedEpoch(epoch: epoch, sealed: sealed))
    }
    return result
  }
}
