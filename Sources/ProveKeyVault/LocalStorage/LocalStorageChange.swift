/// What a handle of an origin's storage hears of another handle's write.
///
/// As the web's `StorageEvent`: an item that came has no old value, one that went no new value, and
/// clearing all items is one change without a key.
public struct LocalStorageChange: Equatable, Sendable {
  /// Whose storage was changed.
  public let origin: String
  /// The item's key in UTF-16 code units; nil when all items were removed.
  public let key: [UInt16]?
  /// The value before; nil when there was none.
  public let oldValue: [UInt16]?
  /// The value now; nil when there is none.
  public let newValue: [UInt16]?
  /// Counts the changes of one stream from 1; a gap is what a slow listener lost.
  public let sequence: UInt64
}

extension LocalStorageChange: CustomStringConvertible, CustomReflectable {
  /// The number in the stream; never a name or value.
  public var description: String { "LocalStorageChange(\(sequence))" }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

/// A change before it is told to anybody.
struct StorageNews {
  let key: [UInt16]?
  let oldValue: [UInt16]?
  let newValue: [UInt16]?
}
