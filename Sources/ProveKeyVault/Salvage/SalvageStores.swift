import ProveKeySealing

/// The stores of the databases that were saved, as their rows are moved to a new vault.
struct SalvageStores {
  /// An object of its own: a row adds to it in place, and copies nothing.
  private final class Slot {
    let schema: StoreSchema
    let place: StoreRoom
    let states: Locator
    var nextKey: UInt64
    /// Index keys that are there already, by the place of each unique index.
    var taken: [Int: Set<[UInt8]>] = [:]

    init(_ schema: StoreSchema, _ place: StoreRoom, states: Locator, nextKey: UInt64) {
      self.schema = schema
      self.place = place
      self.states = states
      self.nextKey = nextKey
    }
  }

  /// By the namespace of their rows in the damaged vault.
  private var slots: [Locator: Slot] = [:]
  private let databases: [DatabaseRecord]
  private let sourceKeys: StoreKeys
  private let keys: StoreKeys

  /// Finds the places of every store in the damaged and in the new vault.
  init(
    _ harvest: SalvageHarvest, from sourceKeys: StoreKeys, to keys: StoreKeys
  ) throws(VaultError) {
    self.sourceKeys = sourceKeys
    self.keys = keys
    databases = harvest.databases
    for database in databases {
      let source = try DatabaseRoom(database.origin, database.name, sourceKeys)
      let target = try DatabaseRoom(database.origin, database.name, keys)
      for schema in database.stores {
        let place = source.store(schema.id, sourceKeys)
        slots[place.rows] = Slot(
          schema, target.store(schema.id, keys), states: target.states,
          nextKey: harvest.storeStates[place.state]?.nextKey ?? 1)
      }
    }
  }

  /// A row as it shall stand in the new vault; nothing when it is of no store that was saved.
  ///
  /// - Throws: ``VaultError/damaged(_:)`` for a row that contradicts its place or another row, as
  ///   one does that was put back from earlier.
  func record(
    of row: RecordTable.Row, _ content: [UInt8]
  ) throws(VaultError) -> SalvagedRecord? {
    let namespace = row.trusted.namespace
    guard let slot = slots[namespace] else { return nil }
    let contradiction = VaultError.damaged(VaultDamage(.database, .contradictory))
    let stored = try DatabaseRow.decode(content)
    let key = try DatabaseShelf.decodeKey(stored.key)
    let value = try DatabaseShelf.decode(stored.value)
    guard sourceKeys.databaseRowLocator(namespace, stored.key) == row.locator else {
      throw contradiction
    }
    if let keyPath = slot.schema.keyPath {
      guard keyPath.value(in: value).flatMap(DatabaseKey.init) == key else { throw contradiction }
    }
    var taking: [Int: Set<[UInt8]>] = [:]
    for (place, index) in slot.schema.indexes.enumerated() where index.isUnique {
      let keys = Set(try index.entries(of: value, primaryKey: stored.key).map(\.key))
      guard slot.taken[place, default: []].isDisjoint(with: keys) else { throw contradiction }
      taking[place] = keys
    }
    // Only now: a row that is not saved takes nothing from others.
    for (place, keys) in taking { slot.taken[place, default: []].formUnion(keys) }
    if slot.schema.hasGenerator, let next = KeyGenerator.next(after: key, slot.nextKey) {
      slot.nextKey = next
    }
    return SalvagedRecord(
      content: content, locator: keys.databaseRowLocator(slot.place.rows, stored.key),
      namespace: slot.place.rows)
  }

  /// The records of the databases and of their stores' states, once all rows are there.
  func summaries(generation: UInt64) throws(VaultError) -> [SalvagedRecord] {
    var records: [SalvagedRecord] = []
    for var database in databases {
      database.created = generation
      let room = try DatabaseRoom(database.origin, database.name, keys)
      records.append(
        SalvagedRecord(
          content: database.encoded, locator: room.record, namespace: room.databases))
    }
    for slot in slots.values {
      records.append(
        SalvagedRecord(
          content: StoreState(nextKey: slot.nextKey, revision: generation).encoded,
          locator: slot.place.state, namespace: slot.states))
    }
    return records
  }
}
