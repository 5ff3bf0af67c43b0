import ProveKeyVault

/// What the operations of the model test are done to: stores and indexes by number.
struct ModelSource: Hashable {
  let store: Int
  let index: Int?
}

/// One step in a transaction.
enum ModelStep {
  case put(store: Int, value: DatabaseValue, key: DatabaseKey?, overwriting: Bool)
  case delete(store: Int, DatabaseKeyRange)
  case clear(store: Int)
  case get(ModelSource, DatabaseKeyRange)
  case getKey(ModelSource, DatabaseKeyRange)
  case getAll(ModelSource, DatabaseKeyRange, limit: Int)
  case getAllKeys(ModelSource, DatabaseKeyRange, limit: Int)
  case count(ModelSource, DatabaseKeyRange)
  case walk(ModelSource, DatabaseKeyRange, DatabaseCursor.Direction, [ModelMove])
}

/// One step of a cursor.
enum ModelMove {
  case advance(Int)
  case to(DatabaseKey)
  case toPrimary(DatabaseKey, DatabaseKey)
  case update(DatabaseValue)
  case delete
}

/// What the model test does between transactions.
enum ModelOperation {
  case transaction([ModelStep], commits: Bool)
  case upgrade([ModelStep], index: Int, commits: Bool)
  case reopen
  case crash
  case rotate
}

/// The database role as simply as it can be said: arrays, sorted anew for every question.
///
/// Source: W3C Indexed Database API 3.0, followed to the letter where it is an algorithm.
struct DatabaseModel {
  struct Index {
    let name: String
    let paths: [String]
    let isUnique: Bool
    let isMultiEntry: Bool
  }

  struct Store {
    let name: String
    let hasInlineKeys: Bool
    let hasGenerator: Bool
    var next: Double = 1
    var rows: [(key: DatabaseKey, value: DatabaseValue)] = []
    var indexes: [Index]
  }

  var stores: [Store]

  /// What a store or index lists: key and primary key, in order.
  func entries(_ source: ModelSource) -> [(key: DatabaseKey, primary: DatabaseKey)] {
    let store = stores[source.store]
    guard let number = source.index else {
      return store.rows.map { ($0.key, $0.key) }.sorted { $0.0 < $1.0 }
    }
    let index = store.indexes[number % store.indexes.count]
    return store.rows.flatMap { row in Self.keys(index, row.value).map { ($0, row.key) } }
      .sorted { $0.0 == $1.0 ? $0.1 < $1.1 : $0.0 < $1.0 }
  }

  private static func keys(_ index: Index, _ value: DatabaseValue) -> [DatabaseKey] {
    guard case .object(let object) = value else { return [] }
    let parts = index.paths.compactMap { object[$0] }
    guard parts.count == index.paths.count else { return [] }
    if index.paths.count > 1 { return DatabaseKey(.array(parts)).map { [$0] } ?? [] }
    guard index.isMultiEntry, case .array(let elements) = parts[0] else {
      return DatabaseKey(parts[0]).map { [$0] } ?? []
    }
    var keys: [DatabaseKey] = []
    for key in elements.compactMap(DatabaseKey.init) where !keys.contains(key) { keys.append(key) }
    return keys
  }

  mutating func put(
    _ number: Int, _ value: DatabaseValue, _ given: DatabaseKey?, _ overwriting: Bool
  ) -> Result<DatabaseKey, ModelFault> {
    var store = stores[number]
    var value = value
    var key = given
    if store.hasInlineKeys {
      guard given == nil else { return .failure(.data) }
      if case .object(let object) = value, let found = object["id"] {
        guard let found = DatabaseKey(found) else { return .failure(.data) }
        key = found
      } else {
        guard store.hasGenerator, case .object = value else { return .failure(.data) }
      }
    } else if given == nil, !store.hasGenerator {
      return .failure(.data)
    }
    if let key, !key.isValid { return .failure(.data) }
    if store.hasGenerator {
      if key == nil {
        guard store.next <= 0x1p53 else { return .failure(.constraint) }
        key = .number(store.next)
        store.next = store.next == 0x1p53 ? .infinity : store.next + 1
        if store.hasInlineKeys, case .object(var object) = value {
          object["id"] = key.map(DatabaseValue.init)
          value = .object(object)
        }
      } else if case .number(let number)? = key {
        let whole = min(number, 0x1p53).rounded(.down)
        if whole >= store.next { store.next = whole == 0x1p53 ? .infinity : whole + 1 }
      }
    }
    guard let key else { return .failure(.data) }
    if !overwriting, store.rows.contains(where: { $0.key == key }) { return .failure(.constraint) }
    store.rows.removeAll { $0.key == key }
    for index in store.indexes where index.isUnique {
      let taken = store.rows.flatMap { Self.keys(index, $0.value) }
      if Self.keys(index, value).contains(where: taken.contains) { return .failure(.constraint) }
    }
    store.rows.append((key, value))
    stores[number] = store
    return .success(key)
  }

  mutating func delete(_ number: Int, _ range: DatabaseKeyRange) {
    stores[number].rows.removeAll { range.contains($0.key) }
  }

  func value(_ store: Int, _ key: DatabaseKey) -> DatabaseValue? {
    stores[store].rows.first { $0.key == key }?.value
  }
}

/// The faults that the model knows.
enum ModelFault: Error {
  case data
  case constraint
  case invalidState
  case invalidAccess
}

/// A cursor of the model: "iterate a cursor", condition by condition.
struct ModelCursor {
  let source: ModelSource
  let range: DatabaseKeyRange
  let direction: DatabaseCursor.Direction
  var position: (key: DatabaseKey, primary: DatabaseKey)?

  mutating func iterate(
    _ model: DatabaseModel, key: DatabaseKey? = nil, primary: DatabaseKey? = nil
  ) {
    let records = model.entries(source).filter { range.contains($0.key) }
    let at = position
    let isUp = direction == .next || direction == .nextUnique
    let isUnique = direction == .nextUnique || direction == .prevUnique
    func ahead(_ one: DatabaseKey, _ other: DatabaseKey) -> Bool {
      isUp ? one > other : one < other
    }
    func fits(_ record: (key: DatabaseKey, primary: DatabaseKey)) -> Bool {
      if let key {
        guard record.key == key || ahead(record.key, key) else { return false }
        if let primary, record.key == key {
          guard record.primary == primary || ahead(record.primary, primary) else { return false }
        }
      }
      guard let at else { return true }
      if ahead(record.key, at.key) { return true }
      return !isUnique && record.key == at.key && ahead(record.primary, at.primary)
    }
    let found = isUp ? records.first(where: fits) : records.last(where: fits)
    position =
      direction == .prevUnique ? records.first { $0.key == found?.key } : found
  }

  /// Whether a key is one that the cursor may go on to.
  func isAhead(_ key: DatabaseKey, _ primary: DatabaseKey? = nil) -> Bool {
    guard let position else { return false }
    let isUp = direction == .next || direction == .nextUnique
    if key == position.key, let primary {
      return isUp ? primary > position.primary : primary < position.primary
    }
    return isUp ? key > position.key : key < position.key
  }
}
