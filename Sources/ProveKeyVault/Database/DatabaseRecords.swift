import ProveKeyModel

/// The record of one database: its version, its stores and their indexes.
///
/// Content: kind 7, layout 1, origin, name, version 8, created 8 (the generation that made it),
/// next store id 8, stores 4; each store: id 8, name, key path (0, or 1 and it), generator 1,
/// next index id 8, indexes 4; each index: id 8, name, key path, unique 1, multiEntry 1. A key path:
/// 0 and the path, or 1, paths 4 and each. Names and paths are code units of two bytes, led by
/// their length in bytes as four bytes.
struct DatabaseRecord: Hashable, Sendable {
  let origin: String
  let name: [UInt16]
  var version: UInt64
  /// Tells a database from one of the same name that was deleted.
  var created: UInt64 = 0
  /// Ids are given once, so that no row of a deleted store can become one of another.
  var nextStoreID: UInt64 = 1
  var stores: [StoreSchema] = []
}

/// One object store, as its database describes it.
struct StoreSchema: Hashable, Sendable {
  let id: UInt64
  var name: [UInt16]
  let keyPath: DatabaseKeyPath?
  let hasGenerator: Bool
  var nextIndexID: UInt64 = 1
  var indexes: [IndexSchema] = []
}

/// One index, as its store describes it.
struct IndexSchema: Hashable, Sendable {
  let id: UInt64
  var name: [UInt16]
  let keyPath: DatabaseKeyPath
  let isUnique: Bool
  let isMultiEntry: Bool
}

/// The record of what a store's key generator gives next, and of the last commit that touched it.
///
/// Content: kind 8, layout 1, next key 8, revision 8 (the generation of that commit).
struct StoreState: Equatable {
  /// From 1 to 2^53; one more when the generator is used up.
  var nextKey: UInt64 = 1
  var revision: UInt64 = 0
}

/// The record of one row.
///
/// Content: kind 9, layout 1, then led by their lengths: the key and the value, encoded.
struct DatabaseRow: Equatable {
  let key: [UInt8]
  let value: [UInt8]
}

private let layout: UInt8 = 1

// MARK: Database

extension DatabaseRecord {
  /// The bytes that are sealed.
  var encoded: [UInt8] {
    var writer = ByteWriter(reservingCapacity: 256)
    writer.write(RecordKind.database.rawValue)
    writer.write(layout)
    writer.writeText(origin)
    writer.writeBlock(UTF16Bytes.bytes(of: name))
    writer.write(version)
    writer.write(created)
    writer.write(nextStoreID)
    writer.write(UInt32(stores.count))
    for store in stores { store.write(to: &writer) }
    return writer.bytes
  }

  /// Reads what was sealed.
  static func decode(_ bytes: [UInt8]) throws(VaultError) -> DatabaseRecord {
    try RecordKind.database.reading(bytes) { reader throws(ByteReader.Malformed) in
      try reader.readLayout()
      let origin = try reader.readText(limit: identifierByteLimit, "origin")
      guard isIdentifierText(origin) else { throw ByteReader.Malformed(field: "origin") }
      var record = DatabaseRecord(
        origin: origin, name: try reader.readName(), version: try reader.readNumber(),
        created: try reader.readNumber(), nextStoreID: try reader.readNumber())
      for _ in 0..<(try reader.readCount(VaultLimits.databaseStores)) {
        let store = try StoreSchema(&reader)
        // Ids and names are each there once.
        guard store.id < record.nextStoreID,
          !record.stores.contains(where: { $0.id == store.id || $0.name == store.name })
        else { throw ByteReader.Malformed(field: "store") }
        record.stores.append(store)
      }
      return record
    }
  }
}

extension StoreSchema {
  fileprivate func write(to writer: inout ByteWriter) {
    writer.write(id)
    writer.writeBlock(UTF16Bytes.bytes(of: name))
    writer.writeOptional(keyPath) { writer, path in path.write(to: &writer) }
    writer.write(UInt8(hasGenerator ? 1 : 0))
    writer.write(nextIndexID)
    writer.write(UInt32(indexes.count))
    for index in indexes {
      writer.write(index.id)
      writer.writeBlock(UTF16Bytes.bytes(of: index.name))
      index.keyPath.write(to: &writer)
      writer.write(UInt8(index.isUnique ? 1 : 0))
      writer.write(UInt8(index.isMultiEntry ? 1 : 0))
    }
  }

  fileprivate init(_ reader: inout ByteReader) throws(ByteReader.Malformed) {
    id = try reader.readNumber()
    name = try reader.readName()
    keyPath = try reader.readOptional("key path") { reader throws(ByteReader.Malformed) in
      try DatabaseKeyPath(&reader)
    }
    hasGenerator = try reader.readFlag()
    nextIndexID = try reader.readNumber()
    for _ in 0..<(try reader.readCount(VaultLimits.databaseIndexes)) {
      let index = IndexSchema(
        id: try reader.readNumber(), name: try reader.readName(),
        keyPath: try DatabaseKeyPath(&reader), isUnique: try reader.readFlag(),
        isMultiEntry: try reader.readFlag())
      guard index.id < nextIndexID,
        !indexes.contains(where: { $0.id == index.id || $0.name == index.name })
      else { throw ByteReader.Malformed(field: "index") }
      indexes.append(index)
    }
  }
}

extension DatabaseKeyPath {
  fileprivate func write(to writer: inout ByteWriter) {
    switch self {
    case .path(let path):
      writer.write(UInt8(0))
      writer.writeBlock(UTF16Bytes.bytes(of: path))
    case .paths(let paths):
      writer.write(UInt8(1))
      writer.write(UInt32(paths.count))
      for path in paths { writer.writeBlock(UTF16Bytes.bytes(of: path)) }
    }
  }

  fileprivate init(_ reader: inout ByteReader) throws(ByteReader.Malformed) {
    if try reader.readFlag() {
      var paths: [[UInt16]] = []
      for _ in 0..<(try reader.readCount(VaultLimits.databaseKeyPathCount)) {
        paths.append(try reader.readName())
      }
      self = .paths(paths)
    } else {
      self = .path(try reader.readName())
    }
    guard isValid else { throw ByteReader.Malformed(field: "key path") }
  }
}

// MARK: State and row

extension StoreState {
  /// The bytes that are sealed.
  var encoded: [UInt8] {
    var writer = ByteWriter(reservingCapacity: 18)
    writer.write(RecordKind.databaseState.rawValue)
    writer.write(layout)
    writer.write(nextKey)
    writer.write(revision)
    return writer.bytes
  }

  /// Reads what was sealed.
  static func decode(_ bytes: [UInt8]) throws(VaultError) -> StoreState {
    try RecordKind.databaseState.reading(bytes) { reader throws(ByteReader.Malformed) in
      try reader.readLayout()
      return StoreState(nextKey: try reader.readNumber(), revision: try reader.readNumber())
    }
  }
}

extension DatabaseRow {
  /// The bytes that are sealed.
  var encoded: [UInt8] {
    var writer = ByteWriter(reservingCapacity: 10 + key.count + value.count)
    writer.write(RecordKind.databaseRow.rawValue)
    writer.write(layout)
    writer.writeBlock(key)
    writer.writeBlock(value)
    return writer.bytes
  }

  /// Reads what was sealed.
  static func decode(_ bytes: [UInt8]) throws(VaultError) -> DatabaseRow {
    try RecordKind.databaseRow.reading(bytes) { reader throws(ByteReader.Malformed) in
      try reader.readLayout()
      let key = try reader.readBlock(limit: VaultLimits.databaseKeyByteCount, "key")
      return DatabaseRow(
        key: key, value: try reader.readBlock(limit: VaultLimits.databaseValueByteCount, "value"))
    }
  }
}

// MARK: Reading

extension ByteReader {
  fileprivate mutating func readLayout() throws(Malformed) {
    guard try read(UInt8.self, "layout") == layout else { throw Malformed(field: "layout") }
  }

  fileprivate mutating func readName() throws(Malformed) -> [UInt16] {
    let bytes = try readBlock(limit: 2 * VaultLimits.databaseNameCodeUnits, "name")
    guard let units = UTF16Bytes.codeUnits(of: bytes) else { throw Malformed(field: "name") }
    return units
  }

  fileprivate mutating func readNumber() throws(Malformed) -> UInt64 {
    try read(UInt64.self, "number")
  }

  fileprivate mutating func readFlag() throws(Malformed) -> Bool {
    switch try read(UInt8.self, "flag") {
    case 0: return false
    case 1: return true
    default: throw Malformed(field: "flag")
    }
  }

  fileprivate mutating func readCount(_ limit: Int) throws(Malformed) -> Int {
    let count = Int(try read(UInt32.self, "count"))
    guard count <= limit else { throw Malformed(field: "count") }
    return count
  }
}
