// What descriptions and dumps show: kinds and counts, never a name, key or value.

extension DatabaseKey: CustomStringConvertible, CustomReflectable {
  /// Which kind of key it is.
  public var description: String {
    switch self {
    case .number: "DatabaseKey(number)"
    case .date: "DatabaseKey(date)"
    case .text: "DatabaseKey(text)"
    case .binary: "DatabaseKey(binary)"
    case .array: "DatabaseKey(array)"
    }
  }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

extension DatabaseValue: CustomStringConvertible, CustomReflectable {
  /// Which kind of value it is.
  public var description: String {
    switch self {
    case .null: "DatabaseValue(null)"
    case .boolean: "DatabaseValue(boolean)"
    case .number: "DatabaseValue(number)"
    case .date: "DatabaseValue(date)"
    case .text: "DatabaseValue(text)"
    case .binary: "DatabaseValue(binary)"
    case .array: "DatabaseValue(array)"
    case .object: "DatabaseValue(object)"
    }
  }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

extension DatabaseObject: CustomStringConvertible, CustomReflectable {
  /// That there is one.
  public var description: String { "DatabaseObject(redacted)" }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

extension DatabaseObject.Member: CustomStringConvertible, CustomReflectable {
  /// That there is one.
  public var description: String { "DatabaseObject.Member(redacted)" }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

extension DatabaseKeyRange: CustomStringConvertible, CustomReflectable {
  /// That there is one.
  public var description: String { "DatabaseKeyRange(redacted)" }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

extension DatabaseKeyPath: CustomStringConvertible, CustomReflectable {
  /// That there is one.
  public var description: String { "DatabaseKeyPath(redacted)" }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

extension DatabaseSummary: CustomStringConvertible, CustomReflectable {
  /// The version; never the name.
  public var description: String { "DatabaseSummary(version \(version))" }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

extension Database: CustomStringConvertible, CustomReflectable {
  /// The version; never a name.
  public var description: String { "Database(version \(version))" }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

extension DatabaseTransaction: CustomStringConvertible, CustomReflectable {
  /// What it may do; never a name.
  public var description: String { "DatabaseTransaction(\(mode.rawValue))" }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

extension DatabaseUpgrade: CustomStringConvertible, CustomReflectable {
  /// The versions; never a name.
  public var description: String { "DatabaseUpgrade(\(oldVersion) to \(newVersion))" }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

extension ObjectStore: CustomStringConvertible, CustomReflectable {
  /// That there is one.
  public var description: String { "ObjectStore(redacted)" }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

extension DatabaseIndex: CustomStringConvertible, CustomReflectable {
  /// That there is one.
  public var description: String { "DatabaseIndex(redacted)" }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

extension DatabaseCursor: CustomStringConvertible, CustomReflectable {
  /// The direction; never a key or value.
  public var description: String { "DatabaseCursor(\(direction.rawValue))" }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

// What belongs to a transaction stays on the thread that runs it.

@available(*, unavailable)
extension DatabaseTransaction: Sendable {}

@available(*, unavailable)
extension DatabaseUpgrade: Sendable {}

@available(*, unavailable)
extension ObjectStore: Sendable {}

@available(*, unavailable)
extension DatabaseIndex: Sendable {}

@available(*, unavailable)
extension DatabaseCursor: Sendable {}
