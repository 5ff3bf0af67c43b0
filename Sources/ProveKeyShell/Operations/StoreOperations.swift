import JSONLines
import ProveKeyVault

/// What may be asked of an object store, by itself or in a transaction.
struct StoreOperation: Sendable {
  let name: String
  /// What a request of it may carry, beside the names of origin, database and store.
  let fields: [LineField]
  let isWriting: Bool
  let result: String
  let run: @Sendable (ObjectStore, LineFields, ResultRoom) throws -> JSONText

  private init(
    _ name: String, _ fields: [LineField], writes: Bool = false, _ result: String,
    run: @escaping @Sendable (ObjectStore, LineFields, ResultRoom) throws -> JSONText
  ) {
    self.name = name
    self.fields = fields
    isWriting = writes
    self.result = result
    self.run = run
  }

  private static let oneRow: [LineField] = [
    .optional("index"), .optional("key"), .optional("range"),
  ]
  private static let manyRows = oneRow + [.optional("limit")]

  static let all: [StoreOperation] = [
    StoreOperation(
      "store.add", [.required("value"), .optional("key")], writes: true, "the key"
    ) { store, fields, room in
      let key = try store.add(fields.databaseValue(), key: fields.optionalKey("key"))
      return try room.taking(DatabaseJSON.encode(key))
    },
    StoreOperation(
      "store.put", [.required("value"), .optional("key")], writes: true, "the key"
    ) { store, fields, room in
      let key = try store.put(fields.databaseValue(), key: fields.optionalKey("key"))
      return try room.taking(DatabaseJSON.encode(key))
    },
    StoreOperation(
      "store.get", oneRow, "`{\"value\":...}` of the first row, or null"
    ) { store, fields, room in
      let value = try store.entries(fields).get(fields.neededRows())
      return try value.map { .object([("value", try room.taking(DatabaseJSON.encode($0)))]) }
        ?? .null
    },
    StoreOperation(
      "store.getKey", oneRow, "the primary key of the first row, or null"
    ) { store, fields, room in
      let key = try store.entries(fields).getKey(fields.neededRows())
      return try key.map { try room.taking(DatabaseJSON.encode($0)) } ?? .null
    },
    StoreOperation("store.getAll", manyRows, "values in order") { store, fields, room in
      try store.walk(fields, room) { DatabaseJSON.encode(try $0.value) }
    },
    StoreOperation("store.getAllKeys", manyRows, "primary keys in order") { store, fields, room in
      try store.walk(fields, room) { DatabaseJSON.encode(try $0.primaryKey) }
    },
    StoreOperation("store.count", oneRow, "how many rows there are") { store, fields, _ in
      .integer(try store.entries(fields).count(fields.rows()))
    },
    StoreOperation(
      "store.delete", [.optional("key"), .optional("range")], writes: true, "null"
    ) { store, fields, _ in
      try store.delete(fields.neededRows())
      return .null
    },
    StoreOperation("store.clear", [], writes: true, "null") { store, _, _ in
      try store.clear()
      return .null
    },
    StoreOperation(
      "store.cursor",
      manyRows + [
        .optional("direction"), .optional("continueTo"), .optional("continuePrimaryKey"),
        .optional("advance"),
      ], "`{\"key\",\"primaryKey\",\"value\"}` in order"
    ) { store, fields, room in
      try store.walk(fields, room) { cursor in
        .object([
          ("key", DatabaseJSON.encode(try cursor.key)),
          ("primaryKey", DatabaseJSON.encode(try cursor.primaryKey)),
          ("value", DatabaseJSON.encode(try cursor.value)),
        ])
      }
    },
  ]
}

/// What a store and an index can both be asked.
private protocol EntryReading {
  func get(_ range: DatabaseKeyRange) throws(VaultError) -> DatabaseValue?
  func getKey(_ range: DatabaseKeyRange) throws(VaultError) -> DatabaseKey?
  func count(_ range: DatabaseKeyRange) throws(VaultError) -> Int
  func openCursor(
    _ range: DatabaseKeyRange, direction: DatabaseCursor.Direction
  ) throws(VaultError) -> DatabaseCursor?
}

extension ObjectStore: EntryReading {}
extension DatabaseIndex: EntryReading {}

extension ObjectStore {
  /// The store itself, or the index that a request names.
  fileprivate func entries(_ fields: LineFields) throws -> any EntryReading {
    guard fields["index"] != nil else { return self }
    return try index(fields.units("index"))
  }

  /// What `read` makes of each row of a request, in order and within the room.
  ///
  /// Row by row rather than all at once, so that no more is held than an answer may have.
  fileprivate func walk(
    _ fields: LineFields, _ room: ResultRoom, _ read: (DatabaseCursor) throws -> JSONText
  ) throws -> JSONText {
    let walk = try Walk(fields)
    let cursor = try entries(fields).openCursor(walk.range, direction: walk.direction)
    guard let cursor, try cursor.start(walk) else { return .array([]) }
    var rows: [JSONText] = []
    repeat {
      rows.append(try room.taking(read(cursor)))
    } while try rows.count != walk.limit && cursor.advance()
    return .array(rows)
  }
}

/// Where a walk begins and which way it goes; refused before there is a row to begin at.
private struct Walk {
  let range: DatabaseKeyRange
  let direction: DatabaseCursor.Direction
  let limit: Int?
  let key: DatabaseKey?
  let primaryKey: DatabaseKey?
  let steps: Int

  init(_ fields: LineFields) throws {
    range = try fields.rows()
    direction = try fields.optionalWord("direction") ?? .next
    limit = try fields.limit()
    key = try fields.optionalKey("continueTo")
    primaryKey = try fields.optionalKey("continuePrimaryKey")
    let steps = try fields.optionalInteger("advance", as: UInt64.self)
    guard steps != 0 else { throw VaultError.database(.type) }
    self.steps = steps.map { Int(clamping: $0) } ?? 0
    if primaryKey != nil {
      guard key != nil else {
        throw LineRefusal(.missingField, "'continuePrimaryKey' needs 'continueTo'")
      }
      guard fields["index"] != nil, direction == .next || direction == .prev else {
        throw VaultError.database(.invalidAccess)
      }
    }
    for key in [key, primaryKey] {
      if let key { _ = try DatabaseKeyCodec.encode(key) }
    }
  }
}

extension DatabaseCursor {
  /// Goes to where a walk begins; false when nothing is there.
  fileprivate func start(_ walk: Walk) throws -> Bool {
    if let key = walk.key {
      let isThere =
        if let primaryKey = walk.primaryKey {
          try self.continue(to: key, primaryKey)
        } else {
          try self.continue(to: key)
        }
      guard isThere else { return false }
    }
    return try walk.steps == 0 || advance(by: walk.steps)
  }
}
