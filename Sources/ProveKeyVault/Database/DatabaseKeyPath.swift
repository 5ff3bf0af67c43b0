/// Where in a value its key stands.
///
/// A path is empty (the value itself) or identifiers joined by dots, as in `owner.name`; several
/// paths make an array key. Source: W3C Indexed Database API 3.0, "Key path construct".
public enum DatabaseKeyPath: Hashable, Sendable {
  /// One path, in UTF-16 code units.
  case path([UInt16])
  /// Several paths, which together give an array key.
  case paths([[UInt16]])

  /// One path.
  public static func path(_ path: String) -> DatabaseKeyPath { .path(Array(path.utf16)) }

  /// Several paths.
  public static func paths(_ paths: [String]) -> DatabaseKeyPath {
    .paths(paths.map { Array($0.utf16) })
  }

  /// Whether the path is one, after the rules of ECMAScript's identifiers.
  public var isValid: Bool {
    switch self {
    case .path(let path): Self.isValid(path)
    case .paths(let paths): !paths.isEmpty && paths.allSatisfy(Self.isValid)
    }
  }

  private static func isValid(_ path: [UInt16]) -> Bool {
    guard !path.isEmpty else { return true }
    guard let text = String(validating: path, as: UTF16.self) else { return false }
    let parts = text.unicodeScalars.split(separator: ".", omittingEmptySubsequences: false)
    return parts.allSatisfy { part in
      guard let first = part.first, first == "$" || first == "_" || first.properties.isIDStart
      else { return false }
      return part.dropFirst().allSatisfy { scalar in
        scalar == "$" || scalar == "\u{200C}" || scalar == "\u{200D}"
          || scalar.properties.isIDContinue
      }
    }
  }

  private static func identifiers(_ path: [UInt16]) -> [[UInt16]] {
    path.isEmpty
      ? [] : path.split(separator: 0x2E, omittingEmptySubsequences: false).map(Array.init)
  }
}

// MARK: Evaluating

extension DatabaseKeyPath {
  /// What stands at the path in a value; nil when there is nothing.
  func value(in value: DatabaseValue) -> DatabaseValue? {
    switch self {
    case .path(let path):
      return Self.value(at: path, in: value)
    case .paths(let paths):
      var found: [DatabaseValue] = []
      for path in paths {
        guard let part = Self.value(at: path, in: value) else { return nil }
        found.append(part)
      }
      return .array(found)
    }
  }

  private static let length = Array("length".utf16)

  private static func value(at path: [UInt16], in value: DatabaseValue) -> DatabaseValue? {
    var value = value
    for identifier in identifiers(path) {
      switch value {
      case .text(let units) where identifier == length: value = .number(Double(units.count))
      case .array(let values) where identifier == length: value = .number(Double(values.count))
      case .object(let object):
        guard let member = object[identifier] else { return nil }
        value = member
      default: return nil
      }
    }
    return value
  }

  /// The index keys of a value; none when there is nothing at the path or it is no key.
  ///
  /// An array in a `multiEntry` index gives each of its elements that is a key, once.
  /// - Throws: ``DatabaseFault/quotaExceeded`` as soon as there are more than `limit`.
  func indexKeys(
    in value: DatabaseValue, multiEntry: Bool, limit: Int
  ) throws(VaultError) -> [DatabaseKey] {
    guard let found = self.value(in: value) else { return [] }
    guard multiEntry, case .array(let elements) = found else {
      return DatabaseKey(found).map { [$0] } ?? []
    }
    var keys: [DatabaseKey] = []
    var seen: Set<DatabaseKey> = []
    for element in elements {
      guard let key = DatabaseKey(element), seen.insert(key).inserted else { continue }
      guard keys.count < limit else { throw .database(.quotaExceeded) }
      keys.append(key)
    }
    return keys
  }
}

// MARK: Injecting

extension DatabaseKeyPath {
  /// Whether a key can be put at the path: what is there on the way to it is an object.
  func isInjectable(into value: DatabaseValue) -> Bool {
    guard case .path(let path) = self else { return false }
    var value = value
    for identifier in Self.identifiers(path) {
      guard case .object(let object) = value else { return false }
      guard let member = object[identifier] else { return true }
      value = member
    }
    return true
  }

  /// The value with a generated key at the path, and objects on the way to it where there are none.
  ///
  /// - Throws: ``DatabaseFault/data`` when something on the way is no object.
  func injecting(_ key: DatabaseKey, into value: DatabaseValue) throws(VaultError) -> DatabaseValue
  {
    guard case .path(let path) = self else { throw .database(.data) }
    return try Self.injecting(key, into: value, at: Self.identifiers(path)[...])
  }

  private static func injecting(
    _ key: DatabaseKey, into value: DatabaseValue, at path: ArraySlice<[UInt16]>
  ) throws(VaultError) -> DatabaseValue {
    guard let name = path.first else { return DatabaseValue(key) }
    guard case .object(var object) = value else { throw .database(.data) }
    let member = object[name] ?? .object(DatabaseObject())
    object[name] = try injecting(key, into: member, at: path.dropFirst())
    return .object(object)
  }
}
