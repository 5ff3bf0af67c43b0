import ProveKeyPlatform
import ProveKeySealing

/// Where the handles of one origin in one vault's file meet, whichever vault object they are of.
final class StorageHub: Sendable {
  /// What a topic is found by.
  struct Name: Hashable {
    let storeID: StoreID
    /// The file, as SQLite has resolved its path: a copy of a vault is another vault here.
    let path: [UInt8]
    let origin: [UInt8]
  }

  private struct Entry {
    weak var topic: StorageTopic?
  }

  /// The one hub of the process.
  static let process = StorageHub()

  private let topics = Locked<[Name: Entry]>([:])
  private let lastID = Locked<UInt64>(0)

  /// A number that nobody else in the process has.
  func makeID() -> UInt64 {
    lastID.withLock { last in
      last += 1
      return last
    }
  }

  /// The topic of a name, as long as somebody holds it.
  func topic(_ name: Name) -> StorageTopic {
    topics.withLock { topics in
      if let topic = topics[name]?.topic { return topic }
      topics = topics.filter { $0.value.topic != nil }
      let topic = StorageTopic()
      topics[name] = Entry(topic: topic)
      return topic
    }
  }

  /// Ends all streams of a vault object that is closed.
  func endStreams(of owner: UInt64) {
    let live = topics.withLock { topics in topics.values.compactMap(\.topic) }
    for topic in live { topic.endStreams(of: owner) }
  }
}

/// One origin's storage in one file: writers take turns, and listeners hear of what they wrote.
final class StorageTopic: Sendable {
  private struct Listener {
    let handle: UInt64
    let owner: UInt64
    let continuation: AsyncStream<LocalStorageChange>.Continuation
    var sequence: UInt64 = 0
  }

  /// The lock of the turn; it guards no value, but the thread sanitizer takes one without size for
  /// its neighbour in memory.
  private let turn = Locked<Int>(0)
  private let listeners = Locked<[UInt64: Listener]>([:])

  /// Runs one write and tells its news to all but the writer.
  ///
  /// The turn is kept from before the write until all are told, so that changes are told in the
  /// order of their commits, also when two vault objects write (L4).
  /// - Parameter body: hands over what it has made durable, also when it fails afterwards.
  func writing(
    from handle: UInt64, origin: String,
    _ body: (inout StorageNews?) throws(VaultError) -> Void
  ) throws(VaultError) {
    try turn.withLock { _ throws(VaultError) in
      var news: StorageNews?
      defer { if let news { tell(news, origin, except: handle) } }
      try body(&news)
    }
  }

  /// Begins a stream for a handle of the vault object `owner`.
  func subscribe(handle: UInt64, owner: UInt64, limit: Int) -> AsyncStream<LocalStorageChange> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: LocalStorageChange.self, bufferingPolicy: .bufferingNewest(limit))
    let id = StorageHub.process.makeID()
    listeners.withLock { listeners in
      listeners[id] = Listener(handle: handle, owner: owner, continuation: continuation)
    }
    // Held strongly: a topic lives as long as somebody listens.
    continuation.onTermination = { _ in
      self.listeners.withLock { listeners in _ = listeners.removeValue(forKey: id) }
    }
    return stream
  }

  /// Ends the streams of a vault object.
  func endStreams(of owner: UInt64) {
    let ending = listeners.withLock { listeners in
      listeners.values.filter { $0.owner == owner }.map(\.continuation)
    }
    // Outside the lock, since ending a stream takes its listener out.
    for continuation in ending { continuation.finish() }
  }

  private func tell(_ news: StorageNews, _ origin: String, except handle: UInt64) {
    let due = listeners.withLock { listeners in
      var due: [Listener] = []
      for (id, var listener) in listeners where listener.handle != handle {
        listener.sequence += 1
        listeners[id] = listener
        due.append(listener)
      }
      return due
    }
    for listener in due {
      listener.continuation.yield(
        LocalStorageChange(
          origin: origin, key: news.key, oldValue: news.oldValue, newValue: news.newValue,
          sequence: listener.sequence))
    }
  }
}
