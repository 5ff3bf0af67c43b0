import JSONLines
import ProveKeyVault

/// The fields that only the database role has.
extension LineFields {
  /// The key of a field; nothing when it was not given.
  func optionalKey(_ name: String) throws(LineRefusal) -> DatabaseKey? {
    guard let json = self[name] else { return nil }
    return try DatabaseJSON.key(json, name)
  }

  /// The value to store.
  func databaseValue() throws(LineRefusal) -> DatabaseValue {
    try DatabaseJSON.value(value("value"), "value")
  }

  /// The rows that a request means, by `key` or `range`; all of them when neither was given.
  func rows() throws -> DatabaseKeyRange {
    switch (try optionalKey("key"), self["range"]) {
    case (nil, nil): return .all
    case (let key?, nil): return .only(key)
    case (nil, let json?): return try Self.range(json)
    case (_?, _?): throw LineRefusal.invalid("range", "left out where 'key' is given")
    }
  }

  /// The rows that a request means, which must say so.
  func neededRows() throws -> DatabaseKeyRange {
    guard self["key"] != nil || self["range"] != nil else {
      throw LineRefusal(.missingField, "the operation needs 'key' or 'range'")
    }
    return try rows()
  }

  private static func range(_ json: JSONValue) throws -> DatabaseKeyRange {
    guard case .object(let members) = json else {
      throw LineRefusal.invalid("range", "{\"lower\":KEY,\"upper\":KEY}, either left out or not")
    }
    let parts = try LineFields(
      members, known: ["lower", "upper", "lowerOpen", "upperOpen"].map { .optional($0) })
    let (lower, upper) = (try parts.optionalKey("lower"), try parts.optionalKey("upper"))
    let (lowerOpen, upperOpen) = (try parts.flag("lowerOpen"), try parts.flag("upperOpen"))
    guard lower != nil || !lowerOpen, upper != nil || !upperOpen else {
      throw LineRefusal.invalid("range", "given the bounds that are open")
    }
    switch (lower, upper) {
    case (nil, nil): return .all
    case (let lower?, nil): return .lowerBound(lower, open: lowerOpen)
    case (nil, let upper?): return .upperBound(upper, open: upperOpen)
    case (let lower?, let upper?):
      return try .bound(lower, upper, lowerOpen: lowerOpen, upperOpen: upperOpen)
    }
  }

  /// How many rows are wanted at most; nothing for all.
  func limit() throws(LineRefusal) -> Int? {
    guard let limit = try optionalInteger("limit", as: UInt64.self), limit > 0 else { return nil }
    return Int(clamping: limit)
  }

  /// The members of each object of an array; nothing when the field was not given.
  func optionalObjects(_ name: String) throws(LineRefusal) -> [[JSONValue.Member]]? {
    guard let values = try optionalArray(name) else { return nil }
    var objects: [[JSONValue.Member]] = []
    for value in values {
      guard case .object(let members) = value else { throw .invalid(name, "a list of objects") }
      objects.append(members)
    }
    return objects
  }

  /// A key path: a string or a list of strings; nothing when the field was not given.
  func keyPath() throws(LineRefusal) -> DatabaseKeyPath? {
    guard let json = self["keyPath"] else { return nil }
    guard case .array(let paths) = json else {
      return .path(try Self.units(json, "keyPath"))
    }
    return .paths(
      try paths.map { path throws(LineRefusal) in try Self.units(path, "keyPath") })
  }
}
