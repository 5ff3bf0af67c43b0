package import JSONLines

/// What a request may ask for, one row a name; the manual's table is checked against these.
package struct ShellOperation: LineOperation {
  /// What `op` says.
  package let name: String
  /// What a request of it may carry, beside `id` and `op`.
  package let fields: [LineField]
  /// What its answer holds, in a few words.
  package let result: String
  let run: @Sendable (ShellSession, LineFields) throws -> JSONText

  init(
    _ name: String, _ fields: [LineField], _ result: String,
    run: @escaping @Sendable (ShellSession, LineFields) throws -> JSONText
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
}
