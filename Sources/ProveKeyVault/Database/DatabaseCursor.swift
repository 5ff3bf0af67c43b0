/// Walks the rows of a store, or the entries of an index, in order.
///
/// A cursor stands on a row or entry until it is at its end; moving returns false there. It sees
/// what its transaction changes while it walks: rows that come ahead of it are met, rows that go
/// are not.
public final class DatabaseCursor {
  /// Which way a cursor walks.
  public enum Direction: String, Hashable, Sendable, CaseIterable {
    /// Upwards.
    case next
    /// Upwards, and of several entries with one key only that of the lowest primary key.
    case nextUnique = "nextunique"
    /// Downwards.
    case prev
    /// Downwards, and of several entries with one key only that of the lowest primary key.
    case prevUnique = "prevunique"
  }

  /// Which way the cursor walks.
  public let direction: Direction
  private let work: DatabaseWork
  private let source: EntrySource
  private let bounds: EntryBounds
  private var position: DatabaseEntry?

  init(
    _ work: DatabaseWork, _ source: EntrySource, _ range: DatabaseKeyRange, _ direction: Direction
  ) throws(VaultError) {
    self.work = work
    self.source = source
    self.direction = direction
    bounds = try EntryBounds(range)
    try move(to: isUpwards ? bounds.from : bounds.to)
  }

  private var isUpwards: Bool { direction == .next || direction == .nextUnique }

  private var isUnique: Bool { direction == .nextUnique || direction == .prevUnique }

  /// Whether the cursor has walked past the last entry.
  public var isAtEnd: Bool { position == nil }

  /// The key where the cursor stands: of the row, or of the index's entry.
  public var key: DatabaseKey {
    get throws(VaultError) { try DatabaseShelf.decodeKey(standing().key) }
  }

  /// The key of the row where the cursor stands.
  public var primaryKey: DatabaseKey {
    get throws(VaultError) { try DatabaseShelf.decodeKey(standing().primaryKey) }
  }

  /// The value of the row where the cursor stands, as it is when it is asked for.
  ///
  /// - Throws: ``DatabaseFault/invalidState`` at the end, or when the row was deleted meanwhile.
  public var value: DatabaseValue {
    get throws(VaultError) {
      let entry = try standing()
      return try work.access { shelf, reader throws(VaultError) in
        let bytes = try work.value(of: entry.primaryKey, in: source.store, shelf, reader)
        guard let bytes else { throw .database(.invalidState) }
        return try DatabaseShelf.decode(bytes)
      }
    }
  }

  // MARK: Moving

  /// Goes `count` steps on.
  ///
  /// - Returns: whether it stands on an entry.
  /// - Throws: ``DatabaseFault/type`` for less than one step.
  @discardableResult
  public func advance(by count: Int = 1) throws(VaultError) -> Bool {
    guard count > 0 else { throw .database(.type) }
    _ = try standing()
    for _ in 0..<count {
      guard let entry = position else { return false }
      try move(to: beyond(entry))
    }
    return position != nil
  }

  /// Goes on to the next entry, or to the first one that is not before a key.
  ///
  /// - Returns: whether it stands on an entry.
  /// - Throws: ``DatabaseFault/data`` for a key that is not ahead.
  @discardableResult
  public func `continue`(to key: DatabaseKey? = nil) throws(VaultError) -> Bool {
    let entry = try standing()
    guard let key else { return try advance() }
    let target = try DatabaseKeyCodec.encode(key)
    let isAhead = isUpwards ? entry.key.precedes(target) : target.precedes(entry.key)
    guard isAhead else { throw .database(.data) }
    try move(to: isUpwards ? target : DatabaseEntry.above(target))
    return position != nil
  }

  /// Goes on to the first entry of an index that is not before a key and primary key.
  ///
  /// - Returns: whether it stands on an entry.
  /// - Throws: ``DatabaseFault/data`` for keys that are not ahead; ``DatabaseFault/invalidAccess``
  ///   for a cursor of a store, or one of unique keys.
  @discardableResult
  public func `continue`(
    to key: DatabaseKey, _ primaryKey: DatabaseKey
  ) throws(VaultError) -> Bool {
    guard case .index = source, !isUnique else { throw .database(.invalidAccess) }
    let entry = try standing()
    let target = DatabaseEntry(
      try DatabaseKeyCodec.encode(key), primaryKey: try DatabaseKeyCodec.encode(primaryKey))
    let isAhead =
      isUpwards ? entry.bytes.precedes(target.bytes) : target.bytes.precedes(entry.bytes)
    guard isAhead else { throw .database(.data) }
    try move(to: isUpwards ? target.bytes : target.after)
    return position != nil
  }

  /// The bound that leaves an entry, and in a unique walk its key, behind.
  private func beyond(_ entry: DatabaseEntry) -> [UInt8] {
    switch direction {
    case .next: entry.after
    case .nextUnique: DatabaseEntry.above(entry.key)
    case .prev: entry.bytes
    case .prevUnique: entry.key
    }
  }

  /// Goes to the first entry from a bound on, or the last one before it.
  private func move(to bound: [UInt8]?) throws(VaultError) {
    position = try work.access { shelf, reader throws(VaultError) in
      let view = try work.view(source, shelf, reader)
      if isUpwards { return view.first(EntryBounds(from: bound, to: bounds.to)) }
      let found = view.last(EntryBounds(from: bounds.from, to: bound))
      guard direction == .prevUnique, let found else { return found }
      return view.first(EntryBounds(only: found.key))
    }
  }

  /// Where the cursor stands; refuses its end.
  private func standing() throws(VaultError) -> DatabaseEntry {
    try work.require(source)
    guard let position else { throw .database(.invalidState) }
    return position
  }

  // MARK: Writing

  /// Writes a value in the place of the row where the cursor stands.
  ///
  /// - Throws: ``DatabaseFault/data`` when the value has another key at the store's key path.
  public func update(_ value: DatabaseValue) throws(VaultError) {
    try work.requireWritable()
    let key = try primaryKey
    let store = source.store
    guard let keyPath = store.schema.keyPath else {
      _ = try work.put(value, key: key, in: store, overwriting: true)
      return
    }
    _ = try DatabaseValueCodec.encode(value)
    guard let found = keyPath.value(in: value), DatabaseKey(found) == key else {
      throw .database(.data)
    }
    _ = try work.put(value, key: nil, in: store, overwriting: true)
  }

  /// Deletes the row where the cursor stands; the cursor stays in its place.
  public func delete() throws(VaultError) {
    try work.requireWritable()
    try work.delete(.only(primaryKey), in: source.store)
  }
}
