import ProveKeyPlatform
import ProveKeyVault

/// One sequence of operations, done to a database and to the model.
struct ModelRun {
  /// Makes the model wrong, to see that a failure is found and shrunk.
  static let forgets = Locked(false)

  private struct Abort: Error {}

  private struct Difference: Error {
    let text: String
  }

  private let fixture: VaultFixture
  private var vault: KeyVault
  private var database: Database
  private var model: DatabaseModel

  /// The first difference between database and model; nil when there is none.
  static func failure(of operations: [ModelOperation]) throws -> String? {
    var run = try ModelRun()
    do {
      for (number, operation) in operations.enumerated() {
        do { try run.run(operation) } catch let difference as Difference {
          return "operation \(number): \(difference.text)"
        }
      }
      try run.compareAll("at the end")
      return try run.vault.verify().isSound ? nil : "the vault is not sound"
    } catch let difference as Difference {
      return difference.text
    }
  }

  private init() throws {
    fixture = try VaultFixture()
    vault = try fixture.open()
    let first = DatabaseModel.Index(name: "a", paths: ["a"], isUnique: true, isMultiEntry: false)
    let second = DatabaseModel.Index(name: "b", paths: ["b"], isUnique: false, isMultiEntry: true)
    let both = DatabaseModel.Index(
      name: "ab", paths: ["a", "b"], isUnique: false, isMultiEntry: false)
    let unique = DatabaseModel.Index(name: "u", paths: ["b"], isUnique: true, isMultiEntry: true)
    model = DatabaseModel(stores: [
      .init(name: "plain", hasInlineKeys: false, hasGenerator: false, indexes: [first, second]),
      .init(name: "inline", hasInlineKeys: true, hasGenerator: true, indexes: [second, both]),
      .init(name: "made", hasInlineKeys: false, hasGenerator: true, indexes: [unique, both]),
    ])
    let stores = model.stores
    database = try vault.database("d", for: shop) { upgrade throws in
      for store in stores {
        let made = try upgrade.createStore(
          store.name, keyPath: store.hasInlineKeys ? .path("id") : nil,
          autoIncrement: store.hasGenerator)
        for index in store.indexes { try Self.make(index, on: made) }
      }
    }
  }

  private static func make(_ index: DatabaseModel.Index, on store: ObjectStore) throws {
    let path: DatabaseKeyPath =
      index.paths.count > 1 ? .paths(index.paths) : .path(index.paths[0])
    try store.createIndex(
      index.name, keyPath: path, unique: index.isUnique, multiEntry: index.isMultiEntry)
  }

  // MARK: Operations

  private mutating func run(_ operation: ModelOperation) throws {
    switch operation {
    case .transaction(let steps, let commits):
      var after = model
      do {
        try database.write("plain", "inline", "made") { transaction throws in
          for step in steps { try Self.run(step, &after, transaction) }
          if !commits { throw Abort() }
        }
      } catch is Abort {
        return try compareAll("after an abort")
      }
      model = after
      try compareAll("after a commit")
    case .upgrade(let steps, let index, let commits):
      try upgrade(steps, index: index, commits: commits)
    case .reopen:
      database.close()
      try vault.close()
      vault = try fixture.open()
      database = try vault.database("d", for: shop)
      try compareAll("after reopening")
    case .crash:
      // What a crash would leave now is as good.
      try fixture.crashCopy(to: "crashed.vault")
      let crashed = try fixture.open("crashed.vault")
      try compare(crashed.database("d", for: shop), "after a crash")
      guard try crashed.verify().isSound else { throw Difference(text: "unsound after a crash") }
      try crashed.close()
      try fixture.remove("crashed.vault")
    case .rotate:
      try vault.rotate()
      try compareAll("after rotating")
    }
  }

  /// Makes an index anew over what is there, and goes on writing in the same transaction.
  private mutating func upgrade(_ steps: [ModelStep], index number: Int, commits: Bool) throws {
    database.close()
    var after = model
    let store = number % 3
    let place = number % after.stores[store].indexes.count
    let index = after.stores[store].indexes.remove(at: place)
    after.stores[store].indexes.append(index)
    var isTaken = false
    do {
      _ = try vault.database("d", for: shop, version: database.version + 1) { upgrade throws in
        let made = try upgrade.store(after.stores[store].name)
        try made.deleteIndex(index.name)
        let half = steps.count / 2
        var without = after
        without.stores[store].indexes.removeLast()
        for step in steps[..<half] { try Self.run(step, &without, upgrade.transaction) }
        after = without
        after.stores[store].indexes.append(index)
        let entries = after.entries(
          ModelSource(store: store, index: after.stores[store].indexes.count - 1))
        isTaken = index.isUnique && Set(entries.map(\.key)).count < entries.count
        let refused = try fault { try Self.make(index, on: made) }
        guard (refused == .constraint) == isTaken else {
          throw Difference(text: "index: \(refused.map(\.rawValue) ?? "made")")
        }
        if isTaken { throw Abort() }
        for step in steps[half...] { try Self.run(step, &after, upgrade.transaction) }
        if !commits { throw Abort() }
      }
      model = after
    } catch is Abort {}
    database = try vault.database("d", for: shop)
    try compareAll("after an upgrade")
  }

  // MARK: Steps

  private static func run(
    _ step: ModelStep, _ model: inout DatabaseModel, _ transaction: DatabaseTransaction
  ) throws {
    let got = try answer(step, model, transaction)
    let expected = answer(step, &model)
    guard got == expected else {
      throw Difference(text: "\(step.text) gave \(got), not \(expected)")
    }
  }

  private static func answer(_ step: ModelStep, _ model: inout DatabaseModel) -> String {
    switch step {
    case .put(let store, let value, let key, let overwriting):
      if forgets.withLock({ $0 }), key == .string("forgotten") { return "forgotten" }
      return show(model.put(store, value, key, overwriting))
    case .delete(let store, let range):
      model.delete(store, range)
      return "done"
    case .clear(let store):
      model.delete(store, .all)
      return "done"
    case .get(let source, let range):
      let found = model.entries(source).first { range.contains($0.key) }
      return found.flatMap { model.value(source.store, $0.primary) }?.shown ?? "nil"
    case .getKey(let source, let range):
      return model.entries(source).first { range.contains($0.key) }?.primary.shown ?? "nil"
    case .getAll(let source, let range, let limit):
      let found = model.entries(source).filter { range.contains($0.key) }
      return found.prefix(limit == 0 ? .max : limit)
        .map { model.value(source.store, $0.primary)?.shown ?? "none" }.joined(separator: "; ")
    case .getAllKeys(let source, let range, let limit):
      let found = model.entries(source).filter { range.contains($0.key) }
      return found.prefix(limit == 0 ? .max : limit).map(\.primary.shown).joined(separator: "; ")
    case .count(let source, let range):
      return "\(model.entries(source).count { range.contains($0.key) })"
    case .walk(let source, let range, let direction, let moves):
      var cursor = ModelCursor(source: source, range: range, direction: direction)
      cursor.iterate(model)
      guard cursor.position != nil else { return "no cursor" }
      return ([show(cursor, model)] + moves.map { move($0, &cursor, &model) })
        .joined(separator: "; ")
    }
  }

  private static func show(_ result: Result<DatabaseKey, ModelFault>) -> String {
    switch result {
    case .success(let key): key.shown
    case .failure(let fault): "\(fault)"
    }
  }

  private static func show(_ cursor: ModelCursor, _ model: DatabaseModel) -> String {
    guard let position = cursor.position else { return "end" }
    let value = model.value(cursor.source.store, position.primary)
    return "\(position.key.shown), \(position.primary.shown): \(value?.shown ?? "gone")"
  }

  private static func move(
    _ move: ModelMove, _ cursor: inout ModelCursor, _ model: inout DatabaseModel
  ) -> String {
    let isUnique = cursor.direction == .nextUnique || cursor.direction == .prevUnique
    if case .toPrimary = move, cursor.source.index == nil || isUnique { return "invalidAccess" }
    guard let position = cursor.position else { return "invalidState" }
    switch move {
    case .advance(let count):
      for _ in 0..<count where cursor.position != nil { cursor.iterate(model) }
    case .to(let key):
      guard cursor.isAhead(key) else { return "data" }
      cursor.iterate(model, key: key)
    case .toPrimary(let key, let primary):
      guard cursor.isAhead(key, primary) else { return "data" }
      cursor.iterate(model, key: key, primary: primary)
    case .update(let value):
      let store = cursor.source.store
      guard model.stores[store].hasInlineKeys else {
        return show(model.put(store, value, position.primary, true))
      }
      guard case .object(let object) = value, let key = object["id"].flatMap(DatabaseKey.init),
        key == position.primary
      else { return "data" }
      return show(model.put(store, value, nil, true))
    case .delete:
      model.delete(cursor.source.store, .only(position.primary))
    }
    return show(cursor, model)
  }

  // MARK: The same, done to the database

  private static func answer(
    _ step: ModelStep, _ model: DatabaseModel, _ transaction: DatabaseTransaction
  ) throws -> String {
    do {
      return try result(step, model, transaction)
    } catch VaultError.database(let fault) {
      return show(fault)
    }
  }

  private static func show(_ fault: DatabaseFault) -> String {
    switch fault {
    case .data: "data"
    case .constraint: "constraint"
    case .invalidState: "invalidState"
    case .invalidAccess: "invalidAccess"
    default: fault.rawValue
    }
  }

  private static func result(
    _ step: ModelStep, _ model: DatabaseModel, _ transaction: DatabaseTransaction
  ) throws -> String {
    let store = { (number: Int) throws in try transaction.store(model.stores[number].name) }
    let index = { (source: ModelSource) throws -> DatabaseIndex? in
      guard let number = source.index else { return nil }
      let indexes = model.stores[source.store].indexes
      return try store(source.store).index(indexes[number % indexes.count].name)
    }
    switch step {
    case .put(let number, let value, let key, let overwriting):
      let store = try store(number)
      return try (overwriting ? store.put(value, key: key) : store.add(value, key: key)).shown
    case .delete(let number, let range):
      try store(number).delete(range)
      return "done"
    case .clear(let number):
      try store(number).clear()
      return "done"
    case .get(let source, let range):
      return try (index(source).map { try $0.get(range) } ?? store(source.store).get(range))?
        .shown ?? "nil"
    case .getKey(let source, let range):
      return try (index(source).map { try $0.getKey(range) } ?? store(source.store).getKey(range))?
        .shown ?? "nil"
    case .getAll(let source, let range, let limit):
      return try
        (index(source).map { try $0.getAll(range, limit: limit) }
        ?? store(source.store).getAll(range, limit: limit)).map(\.shown).joined(separator: "; ")
    case .getAllKeys(let source, let range, let limit):
      return try
        (index(source).map { try $0.getAllKeys(range, limit: limit) }
        ?? store(source.store).getAllKeys(range, limit: limit)).map(\.shown)
        .joined(separator: "; ")
    case .count(let source, let range):
      return "\(try index(source).map { try $0.count(range) } ?? store(source.store).count(range))"
    case .walk(let source, let range, let direction, let moves):
      let cursor =
        try index(source).map { try $0.openCursor(range, direction: direction) }
        ?? store(source.store).openCursor(range, direction: direction)
      guard let cursor else { return "no cursor" }
      var seen = [try show(cursor)]
      for move in moves {
        do { seen.append(try Self.move(move, cursor)) } catch VaultError.database(let fault) {
          seen.append(show(fault))
        }
      }
      return seen.joined(separator: "; ")
    }
  }

  private static func show(_ cursor: DatabaseCursor) throws -> String {
    guard !cursor.isAtEnd else { return "end" }
    var value = "gone"
    if try fault({ value = try cursor.value.shown }) == .invalidState { value = "gone" }
    return "\(try cursor.key.shown), \(try cursor.primaryKey.shown): \(value)"
  }

  private static func move(_ move: ModelMove, _ cursor: DatabaseCursor) throws -> String {
    switch move {
    case .advance(let count): try cursor.advance(by: count)
    case .to(let key): try cursor.continue(to: key)
    case .toPrimary(let key, let primary): try cursor.continue(to: key, primary)
    case .update(let value):
      try cursor.update(value)
      return try cursor.primaryKey.shown
    case .delete: try cursor.delete()
    }
    return try show(cursor)
  }

  // MARK: Comparing everything

  private func compareAll(_ at: String) throws { try compare(database, at) }

  private func compare(_ database: Database, _ at: String) throws {
    try database.read("plain", "inline", "made") { transaction throws in
      for number in model.stores.indices {
        for index in [nil] + model.stores[number].indexes.indices.map(Optional.some) {
          let source = ModelSource(store: number, index: index)
          for step in [
            ModelStep.getAllKeys(source, .all, limit: 0), .getAll(source, .all, limit: 0),
          ] {
            var model = model
            let expected = Self.answer(step, &model)
            let got = try Self.answer(step, model, transaction)
            guard got == expected else {
              throw Difference(text: "\(at): \(step.text) gave \(got), not \(expected)")
            }
          }
        }
      }
    }
  }
}
