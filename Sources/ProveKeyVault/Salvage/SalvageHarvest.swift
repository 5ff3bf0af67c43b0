import ProveKeyModel
import ProveKeySealing

/// Everything in a damaged vault that opens, by role, and what is missing from it.
///
/// Nothing is guessed: a record counts when it opens in the place where it stands and says nothing
/// that contradicts that place, and a key counts when its private half, or the handle by which a
/// custodian knows it, opens too.
///
/// - V16. A record counts whatever the state's generation is: an older state that was put back hides
///   no row that is newer. When the rows are not exactly those that the state vouches for, nothing
///   in the vault says how far it had come, and whoever builds on it must leave room for what was lost.
struct SalvageHarvest {
  /// Keys whose private half is there, the one that came last first.
  private(set) var keys: [KeyRecord] = []
  /// The highest counter value that may have been given out, by public key.
  private(set) var counters: [PublicKey: UInt64] = [:]
  /// The origins that have items, by the namespace of these.
  private(set) var storage: [Locator: (origin: String, items: Int)] = [:]
  /// The databases, each with its stores.
  private(set) var databases: [DatabaseRecord] = []
  /// What the stores' generators give next, by the locator of the state.
  private(set) var storeStates: [Locator: StoreState] = [:]
  /// Rows of these databases.
  private(set) var databaseRows = 0
  /// Rows that opened.
  private(set) var records = 0
  /// Whether these are exactly the rows that the vault's own state vouches for.
  private(set) var isWhole = false
  /// The highest generation that any part of the vault shows.
  private(set) var generation: UInt64 = 0

  let source: SalvageSource
  private var facts: [KeyRecord] = []
  private var seeds: Set<Locator> = []
  private var handles: [Locator: String] = [:]
  private var rowCounts: [Locator: Int] = [:]
  private var reserved: [Locator: UInt64] = [:]
  private var items: [Locator: Int] = [:]
  private var origins: Set<String> = []

  /// Reads all rows of `source`.
  /// - Parameter origins: origins whose items are to be looked for beside those that are known.
  init(_ source: SalvageSource, origins: [String]) throws(VaultError) {
    self.source = source
    self.origins = Set(origins)
    generation = source.state?.generation ?? 0
    try readRows()
    try sortOutKeys()
    sortOutStorage()
    try sortOutDatabases()
    // Only now all places are known that a row of either role may have.
    try countFitting()
    isWhole = isWhole && source.losses.count == 0
  }

  private mutating func readRows() throws(VaultError) {
    var set = TrustedSet(state: source.state ?? .first(headerHash: []), sealedState: [])
    let losses = source.losses
    try source.forEachRow { row, sealed throws(VaultError) in
      try losses.noting { () throws(VaultError) in
        guard set.set(row.trusted, at: row.locator, source.keys) == nil else {
          throw .damaged(VaultDamage(.record, .unexpected))
        }
        let opened = try source.keys.content(of: row, sealed)
        // Its version is sealed with it: this counts also where the content is of no use.
        generation = max(generation, row.trusted.version)
        guard let (kind, content) = opened else {
          throw .damaged(VaultDamage(.record, .unexpected))
        }
        try note(kind, content, row)
        records += 1
      }
    }
    guard let state = source.state else { return }
    if generation > state.generation { losses.note(VaultDamage(.state, .replaced)) }
    if set.state.count != state.count {
      losses.note(
        VaultDamage(.records, .count(found: set.state.count, expected: state.count)))
    } else if set.state.sum != state.sum {
      losses.note(VaultDamage(.records, .replaced))
    } else {
      isWhole = true
    }
  }

  private mutating func note(
    _ kind: RecordKind, _ content: [UInt8], _ row: RecordTable.Row
  ) throws(VaultError) {
    let namespace = row.trusted.namespace
    switch kind {
    case .key:
      let record = try KeyRecord.decode(content)
      guard source.keys.factsLocator(record.key.state, record.key.deviceID) == row.locator,
        source.keys.factsNamespace(record.key.scope) == namespace
      else { throw .damaged(VaultDamage(.keys, .contradictory)) }
      facts.append(record)
      origins.insert(record.key.scope.origin)
    case .seed: seeds.insert(row.locator)
    case .counter: reserved[row.locator] = try CounterRecord.decode(content).reserved
    // Which key is current follows from the keys.
    case .directory: _ = try ScopeDirectory.decode(content)
    case .storageItem:
      // Whether it stands where its key belongs shows when its origin is known.
      _ = try StorageItemRecord.decode(content)
      items[namespace, default: 0] += 1
    case .storageUsage: origins.insert(try StorageUsageRecord.decode(content).origin)
    case .custodianKey: handles[row.locator] = try CustodianRecord.decode(content).name
    case .database:
      let record = try DatabaseRecord.decode(content)
      guard source.keys.databaseLocator(record.origin, record.name) == row.locator else {
        throw .damaged(VaultDamage(.database, .contradictory))
      }
      databases.append(record)
    case .databaseState: storeStates[row.locator] = try StoreState.decode(content)
    case .databaseRow:
      // Whether it fits its store shows when all databases are known.
      _ = try DatabaseRow.decode(content)
      rowCounts[namespace, default: 0] += 1
    }
  }

  /// Keeps the keys that can sign, of those that exclude each other the one that came last: one of a
  /// public key, an id in one scope only, one pending key of a scope (V8, V9).
  private mutating func sortOutKeys() throws(VaultError) {
    var pendingScopes: Set<KeyScope> = []
    var known: Set<PublicKey> = []
    var scopes: [DeviceID: KeyScope] = [:]
    for record in facts.sorted(by: { $0.sequence > $1.sequence }) {
      let key = record.key
      try source.losses.noting { () throws(VaultError) in
        let seed = source.keys.seedLocator(key.publicKey)
        let isThere =
          if let custodian = key.custodian { handles[seed] == custodian } else {
            seeds.contains(seed)
          }
        guard isThere else { throw .damaged(VaultDamage(.keys, .missing)) }
        // It is read once more when it is written: now is the time to find out that it cannot be.
        _ = try source.content(at: seed)
        guard !known.contains(key.publicKey), scopes[key.deviceID, default: key.scope] == key.scope,
          key.state == .placed || pendingScopes.insert(key.scope).inserted
        else { throw .damaged(VaultDamage(.keys, .unexpected)) }
        known.insert(key.publicKey)
        scopes[key.deviceID] = key.scope
        keys.append(record)
        counters[key.publicKey] = reserved[source.keys.counterLocator(key.publicKey)]
      }
    }
  }

  /// Takes from the counts what does not fit the place where it stands, or another row.
  private mutating func countFitting() throws(VaultError) {
    var fitting = try SalvageFitting(self, to: source.keys)
    try source.forEachRow { row, sealed throws(VaultError) in
      do throws(VaultError) {
        _ = try fitting.record(of: row, sealed)
      } catch .damaged(let damage) where damage.place != .record {
        source.losses.note(damage)
        if damage.place == .storage {
          storage[row.trusted.namespace]?.items -= 1
        } else {
          databaseRows -= 1
        }
      } catch .damaged {
        return  // it did not open the first time either
      }
    }
  }

  /// Counts the rows of databases that are known; a row of any other cannot be asked for.
  private mutating func sortOutDatabases() throws(VaultError) {
    for database in databases {
      let room = try DatabaseRoom(database.origin, database.name, source.keys)
      for schema in database.stores {
        let place = room.store(schema.id, source.keys)
        databaseRows += rowCounts.removeValue(forKey: place.rows) ?? 0
        if storeStates[place.state] == nil {
          source.losses.note(VaultDamage(.database, .missing))
        }
      }
    }
    for nameless in rowCounts.values {
      for _ in 0..<nameless { source.losses.note(VaultDamage(.database, .missing)) }
    }
  }

  /// Finds out whose items there are; an origin that nobody names cannot be found out.
  private mutating func sortOutStorage() {
    for origin in origins.sorted() where isIdentifierText(origin) {
      let namespace = source.keys.storageItemsNamespace(origin)
      if let found = items.removeValue(forKey: namespace) { storage[namespace] = (origin, found) }
    }
    for nameless in items.values {
      for _ in 0..<nameless { source.losses.note(VaultDamage(.storage, .missing)) }
    }
  }
}
