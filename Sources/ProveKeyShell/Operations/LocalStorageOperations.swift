import JSONLines
import ProveKeyVault

/// The localStorage role: names and values of an origin.
extension ShellOperation {
  static let localStorage: [ShellOperation] = [
    ShellOperation(
      "localStorage.getItem", [.required("origin"), .required("key")], "the value or null"
    ) { session, fields in
      let value = try session.storage(fields).getItem(fields.units("key"))
      return value.map { .units($0) } ?? .null
    },
    ShellOperation(
      "localStorage.setItem",
      [.required("origin"), .required("key"), .required("value"), .optional("quota")], "null"
    ) { session, fields in
      let (key, value) = (try fields.units("key"), try fields.units("value"))
      try session.storage(fields).setItem(key, value)
      return .null
    },
    ShellOperation(
      "localStorage.removeItem", [.required("origin"), .required("key")], "null"
    ) { session, fields in
      try session.storage(fields).removeItem(fields.units("key"))
      return .null
    },
    ShellOperation("localStorage.clear", [.required("origin")], "null") { session, fields in
      try session.storage(fields).clear()
      return .null
    },
    ShellOperation(
      "localStorage.key", [.required("origin"), .required("index")], "the key or null"
    ) { session, fields in
      let index = try fields.integer("index", as: UInt64.self)
      let key = try session.storage(fields).keyCodeUnits(at: Int(clamping: index))
      return key.map { .units($0) } ?? .null
    },
    ShellOperation(
      "localStorage.length", [.required("origin")], "how many items there are"
    ) { session, fields in
      .integer(try session.storage(fields).count)
    },
  ]
}

extension ShellSession {
  /// The storage of the request's origin, with its quota.
  fileprivate func storage(_ fields: LineFields) throws -> LocalStorage {
    let origin = try fields.text("origin")
    guard let quota = try fields.optionalInteger("quota", as: UInt64.self) else {
      return try vault.localStorage(for: origin)
    }
    return try vault.localStorage(for: origin, quotaCodeUnits: Int(clamping: quota))
  }
}
