/// A field of a request.
package struct ShellField: Equatable, Sendable {
  /// Its name in the request.
  package let name: String
  /// Whether the operation cannot do without it.
  package let isRequired: Bool

  static func required(_ name: String) -> ShellField { ShellField(name: name, isRequired: true) }
  static func optional(_ name: String) -> ShellField { ShellField(name: name, isRequired: false) }
}

/// What a request may ask for, one row a name; the manual's table is checked against these.
package struct ShellOperation: Sendable {
  /// What `op` says.
  package let name: String
  /// What a request of it may carry, beside `id` and `op`.
  package let fields: [ShellField]
  /// What its answer holds, in a few words.
  package let result: String
  let run: @Sendable (ShellSession, ShellFields) throws -> JSONText

  init(
    _ name: String, _ fields: [ShellField], _ result: String,
    run: @escaping @Sendable (ShellSession, ShellFields) throws -> JSONText
  ) {
    self.name = name
    self.fields = fields
    self.result = result
    self.run = run
  }

  /// Every operation, in the order of the manual.
  package static let all = localStorage + keys + database + store + vault

  /// The operations by name.
  static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  /// One line for a list of operations: the name, and its fields, those in brackets optional.
  package var usage: String {
    ([name] + fields.map { $0.isRequired ? $0.name : "[\($0.name)]" }).joined(separator: " ")
  }
}
