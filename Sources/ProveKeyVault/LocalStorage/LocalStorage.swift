/// The names and values of one origin, with the semantics of the web's `Storage`.
///
/// ```swift
/// let storage = try vault.localStorage(for: "https://shop.example")
/// try storage.setItem("theme", "dark")
/// let theme = try storage.getItem("theme")
/// ```
///
/// Keys and values are sequences of UTF-16 code units, as in the web's DOMString: a lone surrogate
/// or a NUL is kept as it is, the empty key is a key, and two spellings of one letter are two keys.
/// The calls in code units say all of it; those in `String` are for what is text.
///
/// Each call is one transaction: what it wrote is on disk when it returns, and a call that throws
/// has changed nothing. Safe to use from many threads. Source: WHATWG HTML, "Web storage".
public final class LocalStorage: Sendable {
  private let vault: KeyVault
  private let room: StorageRoom
  private let topic: StorageTopic
  private let id = StorageHub.process.makeID()

  init(_ vault: KeyVault, _ room: StorageRoom, _ topic: StorageTopic) {
    self.vault = vault
    self.room = room
    self.topic = topic
  }

  /// Whose storage this is.
  public var origin: String { room.origin }

  /// How many code units this handle lets the origin's keys and values have together.
  public var quotaCodeUnits: Int { room.quota }

  /// How many items there are; answered from memory.
  public var count: Int {
    get throws(VaultError) {
      try reading { shelf throws(VaultError) in try shelf.count(in: room) }
    }
  }

  /// How many code units all keys and values have together: what the quota is compared with.
  public var usedCodeUnits: Int {
    get throws(VaultError) {
      try reading { shelf throws(VaultError) in try shelf.usedCodeUnits(in: room) }
    }
  }

  /// The value of a key; nil when there is no such item.
  public func getItem(_ key: [UInt16]) throws(VaultError) -> [UInt16]? {
    try reading { shelf throws(VaultError) in try shelf.value(of: key, in: room) }
  }

  /// Writes an item in the place of any other with this key; writing what is there changes nothing.
  ///
  /// - Throws: ``VaultError/quotaExceeded`` when the origin would have more code units than the
  ///   quota, or more than 100,000 items; ``VaultError/itemTooLarge`` when key and value have more
  ///   than 5,242,880 code units and the quota would allow it. Nothing is changed then.
  public func setItem(_ key: [UInt16], _ value: [UInt16]) throws(VaultError) {
    try writing { shelf, news throws(VaultError) in
      try shelf.put(key, value, in: room, &news)
    }
  }

  /// Removes an item; removing what is not there changes nothing.
  public func removeItem(_ key: [UInt16]) throws(VaultError) {
    try writing { shelf, news throws(VaultError) in try shelf.remove(key, in: room, &news) }
  }

  /// Removes all items of the origin in one transaction.
  public func clear() throws(VaultError) {
    try writing { shelf, news throws(VaultError) in try shelf.clear(room, &news) }
  }

  /// The key at a place in the order of keys; nil outside `0..<count`.
  ///
  /// The order says nothing of names or times, and stays as it is until an item comes or goes.
  /// - Complexity: the first call after opening reads all items, later ones none.
  public func keyCodeUnits(at index: Int) throws(VaultError) -> [UInt16]? {
    try reading { shelf throws(VaultError) in try shelf.key(at: index, in: room) }
  }

  /// All keys at one moment, in the order of ``keyCodeUnits(at:)``.
  public func allKeysCodeUnits() throws(VaultError) -> [[UInt16]] {
    try reading { shelf throws(VaultError) in try shelf.allKeys(in: room) }
  }

  /// What other handles of this origin in this process change from now on.
  ///
  /// Changes come in the order in which they were committed. A handle does not hear of its own
  /// writes, nor anybody of writes that changed nothing. Nobody waits for a listener: one that
  /// falls behind loses the oldest changes, and sees a gap in ``LocalStorageChange/sequence``.
  /// The stream ends when the vault is closed or nobody holds it any longer.
  /// - Parameter limit: how many changes wait for the listener, 1 to 1,024.
  public func changes(
    bufferingNewest limit: Int = 64
  ) throws(VaultError) -> AsyncStream<LocalStorageChange> {
    let limit = min(max(limit, 1), VaultLimits.storageChangesBuffered)
    return try reading { shelf throws(VaultError) in
      topic.subscribe(handle: id, owner: shelf.id, limit: limit)
    }
  }

  private func reading<R>(
    _ body: (StorageShelf) throws(VaultError) -> R
  ) throws(VaultError) -> R {
    try vault.withRing { ring throws(VaultError) in try body(ring.shelf) }
  }

  /// One write and the telling of it (L4).
  private func writing(
    _ body: (StorageShelf, inout StorageNews?) throws(VaultError) -> Void
  ) throws(VaultError) {
    try topic.writing(from: id, origin: room.origin) { news throws(VaultError) in
      try vault.withRing { ring throws(VaultError) in try body(ring.shelf, &news) }
    }
  }
}

extension LocalStorage: CustomStringConvertible, CustomReflectable {
  /// That there is one; never whose.
  public var description: String { "LocalStorage(redacted)" }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}
