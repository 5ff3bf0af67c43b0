/// A stored value: what the structured clone of a web value comes down to.
///
/// Two values are equal when a script could not tell them apart: `NaN` equals itself, and 0 and -0
/// differ.
public indirect enum DatabaseValue: Sendable {
  /// Nothing.
  case null
  /// True or false.
  case boolean(Bool)
  /// Any number, `NaN` included.
  case number(Double)
  /// Milliseconds since 1970-01-01T00:00:00Z.
  case date(Double)
  /// A text as UTF-16 code units.
  case text([UInt16])
  /// Bytes.
  case binary([UInt8])
  /// Values in an order.
  case array([DatabaseValue])
  /// Values with names.
  case object(DatabaseObject)

  /// The value of a text.
  public static func string(_ text: String) -> DatabaseValue { .text(Array(text.utf16)) }
}

extension DatabaseValue {
  /// The value that a key is.
  public init(_ key: DatabaseKey) {
    self =
      switch key {
      case .number(let number): .number(number)
      case .date(let milliseconds): .date(milliseconds)
      case .text(let units): .text(units)
      case .binary(let bytes): .binary(bytes)
      case .array(let keys): .array(keys.map(DatabaseValue.init))
      }
  }
}

extension DatabaseValue: Hashable {
  /// Whether a script could not tell two values apart.
  public static func == (left: Self, right: Self) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.boolean(let left), .boolean(let right)): left == right
    case (.number(let left), .number(let right)): sameBits(left) == sameBits(right)
    case (.date(let left), .date(let right)): sameBits(left) == sameBits(right)
    case (.text(let left), .text(let right)): left == right
    case (.binary(let left), .binary(let right)): left == right
    case (.array(let left), .array(let right)): left == right
    case (.object(let left), .object(let right)): left == right
    default: false
    }
  }

  /// Hashes what ``==(_:_:)`` compares.
  public func hash(into hasher: inout Hasher) {
    switch self {
    case .null: hasher.combine(0)
    case .boolean(let flag): hasher.combine(flag)
    case .number(let number): hasher.combine(Self.sameBits(number))
    case .date(let milliseconds): hasher.combine(Self.sameBits(milliseconds))
    case .text(let units): hasher.combine(units)
    case .binary(let bytes): hasher.combine(bytes)
    case .array(let values): hasher.combine(values)
    case .object(let object): hasher.combine(object)
    }
  }

  /// The bits of a number; every `NaN` has the same ones.
  static func sameBits(_ number: Double) -> UInt64 {
    number.isNaN ? Double.nan.bitPattern : number.bitPattern
  }
}

/// Values with names: each name once, in the order in which they came.
public struct DatabaseObject: Sendable {
  /// A value and its name.
  public struct Member: Hashable, Sendable {
    /// UTF-16 code units.
    public let name: [UInt16]
    /// What the name stands for.
    public let value: DatabaseValue
  }

  /// All members in order.
  public private(set) var members: [Member] = []
  private var places: [[UInt16]: Int] = [:]

  /// Makes an object without members.
  public init() {}

  /// The value of a name; nil when there is none, and setting nil takes the member away.
  public subscript(name: some DatabaseText) -> DatabaseValue? {
    get {
      let name = name.utf16CodeUnits
      return places[name].map { members[$0].value }
    }
    set {
      let name = name.utf16CodeUnits
      switch (places[name], newValue) {
      case (let place?, let value?):
        members[place] = Member(name: name, value: value)
      case (nil, let value?):
        places[name] = members.count
        members.append(Member(name: name, value: value))
      case (let place?, nil):
        members.remove(at: place)
        places = [:]
        for (place, member) in members.enumerated() { places[member.name] = place }
      case (nil, nil):
        break
      }
    }
  }
}

extension DatabaseObject: Hashable {
  /// Whether both have the same members in the same order.
  public static func == (left: Self, right: Self) -> Bool { left.members == right.members }

  /// Hashes the members.
  public func hash(into hasher: inout Hasher) { hasher.combine(members) }
}

extension DatabaseObject: ExpressibleByDictionaryLiteral {
  /// Makes an object of its members; of two with one name the later one counts.
  public init(dictionaryLiteral elements: (String, DatabaseValue)...) {
    for (name, value) in elements { self[name] = value }
  }
}
