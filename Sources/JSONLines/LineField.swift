/// A field of a line that is an object.
package struct LineField: Equatable, Sendable {
  /// Its name.
  package let name: String
  /// Whether the object cannot do without it.
  package let isRequired: Bool

  private init(_ name: String, isRequired: Bool) {
    self.name = name
    self.isRequired = isRequired
  }

  /// A field that must be there.
  package static func required(_ name: String) -> LineField { LineField(name, isRequired: true) }
  /// A field that may be left out, or be null.
  package static func optional(_ name: String) -> LineField { LineField(name, isRequired: false) }
}

/// What a request may ask for, by its name and fields.
package protocol LineOperation: Sendable {
  /// What `op` says.
  var name: String { get }
  /// What a request of it may carry, beside `id` and `op`.
  var fields: [LineField] { get }
  /// What its answer holds, in a few words.
  var result: String { get }
}

extension LineOperation {
  /// One line for a list of operations: the name, and its fields, those in brackets optional.
  package var usage: String {
    ([name] + fields.map { $0.isRequired ? $0.name : "[\($0.name)]" }).joined(separator: " ")
  }
}
