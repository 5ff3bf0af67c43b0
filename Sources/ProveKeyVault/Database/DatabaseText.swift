/// A name or text as the web has it: UTF-16 code units, from a `String` or as they are.
///
/// A `String` goes in as its code units and is not normalised: two spellings of one letter are two
/// names. Code units may hold half of a surrogate pair, which no `String` can.
public protocol DatabaseText {
  /// The code units, in their order.
  var utf16CodeUnits: [UInt16] { get }
}

extension String: DatabaseText {
  /// The text's UTF-16 code units.
  public var utf16CodeUnits: [UInt16] { Array(utf16) }
}

extension [UInt16]: DatabaseText {
  /// The code units themselves.
  public var utf16CodeUnits: [UInt16] { self }
}
