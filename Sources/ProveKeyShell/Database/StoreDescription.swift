import JSONLines
import ProveKeyVault

/// An object store as `database.open` describes it: what an upgrade makes of the database.
struct StoreDescription {
  /// An index of it.
  struct Index: Equatable {
    let name: [UInt16]
    let keyPath: DatabaseKeyPath
    let unique: Bool
    let multiEntry: Bool
  }

  let name: [UInt16]
  let keyPath: DatabaseKeyPath?
  let autoIncrement: Bool
  let indexes: [Index]

  // MARK: From a request

  /// Reads the stores of a request; nothing when it has none.
  static func list(_ fields: LineFields) throws(LineRefusal) -> [StoreDescription]? {
    guard let objects = try fields.optionalObjects("stores") else { return nil }
    var stores: [StoreDescription] = []
    for members in objects { stores.append(try StoreDescription(members)) }
    guard Set(stores.map(\.name)).count == stores.count, stores.count <= ShellLimits.stores else {
      throw .invalid("stores", "at most \(ShellLimits.stores) stores, no name twice")
    }
    return stores
  }

  private init(_ members: [JSONValue.Member]) throws(LineRefusal) {
    let fields = try LineFields(
      members,
      known: [
        .required("name"), .optional("keyPath"), .optional("autoIncrement"), .optional("indexes"),
      ])
    name = try fields.units("name")
    keyPath = try fields.keyPath()
    autoIncrement = try fields.flag("autoIncrement")
    var indexes: [Index] = []
    for members in try fields.optionalObjects("indexes") ?? [] {
      let fields = try LineFields(
        members,
        known: [
          .required("name"), .required("keyPath"), .optional("unique"), .optional("multiEntry"),
        ])
      guard let keyPath = try fields.keyPath() else {
        throw .invalid("keyPath", "a string or a list of strings")
      }
      indexes.append(
        Index(
          name: try fields.units("name"), keyPath: keyPath, unique: try fields.flag("unique"),
          multiEntry: try fields.flag("multiEntry")))
    }
    guard Set(indexes.map(\.name)).count == indexes.count else {
      throw .invalid("indexes", "a list without a name twice")
    }
    self.indexes = indexes
  }

  // MARK: Upgrading

  /// Makes the stores and indexes that are missing and deletes those that are not described.
  ///
  /// An index that is described otherwise is made anew: it holds nothing of its own. A store that
  /// is described otherwise is refused, since its rows would be lost.
  static func apply(_ stores: [StoreDescription], to upgrade: DatabaseUpgrade) throws {
    let wanted = Set(stores.map(\.name))
    let present = Set(upgrade.storeNames)
    for name in present.subtracting(wanted) { try upgrade.deleteStore(name) }
    for description in stores {
      if present.contains(description.name) {
        try description.apply(to: upgrade.store(description.name))
      } else {
        let store = try upgrade.createStore(
          description.name, keyPath: description.keyPath,
          autoIncrement: description.autoIncrement)
        try description.apply(to: store)
      }
    }
  }

  private func apply(to store: ObjectStore) throws {
    guard store.keyPath == keyPath, store.autoIncrement == autoIncrement else {
      throw LineRefusal.invalid(
        "stores", "given another name where 'keyPath' or 'autoIncrement' is to be another")
    }
    let present = try store.indexNames.map { try Index(store.index($0)) }
    for index in present where !indexes.contains(index) { try store.deleteIndex(index.name) }
    for index in indexes where !present.contains(index) {
      try store.createIndex(
        index.name, keyPath: index.keyPath, unique: index.unique, multiEntry: index.multiEntry)
    }
  }
}

extension StoreDescription.Index {
  fileprivate init(_ index: DatabaseIndex) {
    self.init(
      name: index.name, keyPath: index.keyPath, unique: index.unique,
      multiEntry: index.multiEntry)
  }
}

// MARK: In an answer

extension JSONText {
  /// The stores of a transaction, as a request would describe them.
  static func stores(of transaction: DatabaseTransaction) throws -> JSONText {
    .array(try transaction.storeNames.map { try store(transaction.store($0)) })
  }

  private static func store(_ store: ObjectStore) throws -> JSONText {
    let indexes = try store.indexNames.map { name in
      let index = try store.index(name)
      return JSONText.object([
        ("name", .units(index.name)), ("keyPath", .keyPath(index.keyPath)),
        ("unique", .boolean(index.unique)), ("multiEntry", .boolean(index.multiEntry)),
      ])
    }
    return .object([
      ("name", .units(store.name)), ("keyPath", store.keyPath.map { .keyPath($0) } ?? .null),
      ("autoIncrement", .boolean(store.autoIncrement)), ("indexes", .array(indexes)),
    ])
  }

  private static func keyPath(_ keyPath: DatabaseKeyPath) -> JSONText {
    switch keyPath {
    case .path(let path): .units(path)
    case .paths(let paths): .array(paths.map { .units($0) })
    }
  }
}
