import JSONLines
import ProveKeyVault

/// The database role: opening, deleting, listing, and transactions of several operations.
extension ShellOperation {
  static let database: [ShellOperation] = [
    ShellOperation(
      "database.open",
      [.required("origin"), .required("database"), .optional("version"), .optional("stores")],
      "versions and stores"
    ) { session, fields in
      try session.open(fields)
    },
    ShellOperation(
      "database.close", [.required("origin"), .required("database")], "null"
    ) { session, fields in
      try session.databases.close(fields)
      return .null
    },
    ShellOperation(
      "database.delete", [.required("origin"), .required("database")], "false when there was none"
    ) { session, fields in
      .boolean(
        try session.vault.deleteDatabase(
          fields.units("database"), for: fields.text("origin")))
    },
    ShellOperation(
      "database.list", [.required("origin")], "names and versions"
    ) { session, fields in
      .array(
        try session.vault.databases(for: fields.text("origin")).map {
          .object([("name", .units($0.name)), ("version", .integer($0.version))])
        })
    },
    ShellOperation(
      "database.transaction",
      [.required("origin"), .required("database"), .optional("mode"), .required("operations")],
      "one result for each operation"
    ) { session, fields in
      try session.transact(fields)
    },
  ]

  /// The operations of a store, each as a transaction of its own.
  static let store: [ShellOperation] = StoreOperation.all.map { operation in
    ShellOperation(
      operation.name,
      [.required("origin"), .required("database"), .required("store")] + operation.fields,
      operation.result
    ) { session, fields in
      let store = try fields.units("store")
      let body = { (transaction: DatabaseTransaction) in
        try operation.run(transaction.store(store), fields, session.room)
      }
      let database = try session.databases.find(fields)
      return operation.isWriting
        ? try database.write(store, body: body) : try database.read(store, body: body)
    }
  }
}

extension ShellSession {
  /// Opens, creates or upgrades a database; `stores` says what it then consists of.
  ///
  /// An upgrade is described before it commits: nothing that can fail comes after (H3).
  fileprivate func open(_ fields: LineFields) throws -> JSONText {
    try databases.requireRoom(for: fields)
    let version = try fields.optionalInteger("version", as: UInt64.self)
    let stores = try StoreDescription.list(fields)
    var upgraded: (oldVersion: UInt64, stores: JSONText)?
    let database = try vault.database(
      fields.units("database"), for: fields.text("origin"), version: version
    ) { upgrade in
      if let stores { try StoreDescription.apply(stores, to: upgrade) }
      upgraded = (upgrade.oldVersion, try .stores(of: upgrade.transaction))
    }
    let names = database.storeNames
    let descriptions =
      try upgraded?.stores
      ?? (names.isEmpty ? .array([]) : database.read(stores: names) { try .stores(of: $0) })
    try databases.keep(database, fields)
    return .object([
      ("version", .integer(database.version)),
      ("oldVersion", .integer(upgraded?.oldVersion ?? database.version)),
      ("stores", descriptions),
    ])
  }

  /// What a transaction may do.
  private enum Mode: String, CaseIterable {
    case readOnly = "readonly"
    case readWrite = "readwrite"
  }

  /// Runs a list of operations in one transaction: all of them, or none.
  fileprivate func transact(_ fields: LineFields) throws -> JSONText {
    let database = try databases.find(fields)
    let mode = try fields.optionalWord("mode", as: Mode.self) ?? .readOnly
    let objects = try fields.optionalObjects("operations") ?? []
    guard !objects.isEmpty else { throw LineRefusal.invalid("operations", "a list of objects") }
    guard objects.count <= ShellLimits.operationsPerTransaction else {
      throw LineRefusal(
        .tooMany,
        "a transaction has at most \(ShellLimits.operationsPerTransaction) operations")
    }
    var steps: [StoreStep] = []
    for (place, members) in objects.enumerated() {
      steps.append(try Self.telling(place) { try StoreStep(members) })
    }
    let room = room
    let body = { (transaction: DatabaseTransaction) in
      JSONText.array(
        try steps.enumerated().map { place, step in
          try Self.telling(place) { try step.run(transaction, room) }
        })
    }
    let stores = Array(Set(steps.map(\.store)))
    return mode == .readWrite
      ? try database.write(stores: stores, body: body)
      : try database.read(stores: stores, body: body)
  }

  /// Lets a refusal say which operation of a transaction it is about.
  private static func telling<R>(_ place: Int, _ body: () throws -> R) throws -> R {
    do {
      return try body()
    } catch {
      var refusal = LineRefusal(error)
      refusal.operation = place
      throw refusal
    }
  }
}

/// One operation of a transaction.
private struct StoreStep {
  let store: [UInt16]
  private let operation: StoreOperation
  private let fields: LineFields

  init(_ members: [JSONValue.Member]) throws(LineRefusal) {
    let names = members.filter { LineRefusal.repeatable($0.name) == "op" }
    guard let name = names.first?.value else {
      throw LineRefusal(.missingField, "an operation needs 'op'")
    }
    guard case .string(let units) = name else { throw .invalid("op", "a string") }
    let repeated = LineRefusal.repeatable(units)
    guard let operation = StoreOperation.all.first(where: { $0.name == repeated }) else {
      throw LineRefusal(
        .unknownOperation,
        "a transaction has no operation \(repeated.map { "'\($0)'" } ?? "of that name")")
    }
    self.operation = operation
    fields = try LineFields(
      members, known: [.required("store")] + operation.fields, ignoring: ["op"])
    store = try fields.units("store")
  }

  func run(_ transaction: DatabaseTransaction, _ room: ResultRoom) throws -> JSONText {
    try operation.run(transaction.store(store), fields, room)
  }
}
