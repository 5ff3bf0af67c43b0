/// One SQL statement of the registry, prepared once on each connection under its name.
struct SQLStatement: Hashable, Sendable {
  /// The types that parameters and columns have; the registry needs no others.
  enum ValueType: UInt32, Hashable, Sendable {
    /// `bytea`.
    case bytes = 17
    /// `int8`.
    case integer = 20
  }

  /// The name under which it is prepared, and by which errors tell of it.
  let name: String
  /// The text, with its parameters as `$1`, `$2` ...
  let text: String
  /// The types of the parameters, in their order.
  let parameterTypes: [ValueType]
  /// Whether it is compiled once and kept.
  let isPrepared: Bool

  /// Describes a statement that is prepared.
  init(_ name: String, _ text: String, _ parameterTypes: [ValueType] = []) {
    self.name = name
    self.text = text
    self.parameterTypes = parameterTypes
    isPrepared = true
  }

  /// Describes a statement that runs once, such as one of a migration.
  init(once name: String, _ text: String) {
    self.name = name
    self.text = text
    parameterTypes = []
    isPrepared = false
  }

  static func == (left: Self, right: Self) -> Bool { left.name == right.name }

  func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// A statement together with the values of its parameters.
struct Command: Sendable {
  let statement: SQLStatement
  private(set) var parameters: ParameterList

  init(_ statement: SQLStatement) {
    self.statement = statement
    parameters = ParameterList(capacity: statement.parameterTypes.count)
  }

  /// Sets the next parameter to an integer.
  mutating func add(_ value: Int64) {
    parameters.append(value)
  }

  /// Sets the next parameter to bytes.
  mutating func add(_ bytes: Span<UInt8>) {
    parameters.append(bytes)
  }

  /// Sets the next parameter to bytes.
  mutating func add(_ bytes: [UInt8]) {
    parameters.append(bytes.span)
  }

  /// Sets the next parameter to NULL.
  mutating func addNull() {
    parameters.appendNull()
  }
}

/// The values of a statement's parameters in PostgreSQL's binary form, one after the other.
struct ParameterList: Sendable {
  /// How many bytes each value has; a negative number for NULL.
  private(set) var lengths: [Int32] = []
  private(set) var bytes: [UInt8] = []

  /// Makes an empty list with room for so many values of 16 bytes.
  init(capacity: Int) {
    lengths.reserveCapacity(capacity)
    bytes.reserveCapacity(16 * capacity)
  }

  /// Appends an `int8`: eight bytes, the most significant first.
  mutating func append(_ value: Int64) {
    for shift in stride(from: 56, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> Int64(shift)))
    }
    lengths.append(8)
  }

  /// Appends a `bytea`.
  mutating func append(_ value: Span<UInt8>) {
    bytes.reserveCapacity(bytes.count + value.count)
    for index in value.indices { bytes.append(value[index]) }
    lengths.append(Int32(value.count))
  }

  /// Appends NULL.
  mutating func appendNull() {
    lengths.append(-1)
  }
}
