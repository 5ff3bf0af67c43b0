/// One value of a line of JSON, with nothing repaired and nothing rounded.
///
/// Text is UTF-16 code units, so that a lone surrogate written as an escape arrives as it is, and
/// two spellings of one letter are two names. A number is kept as it was written.
package indirect enum JSONValue: Equatable, Sendable {
  /// A member of an object.
  package struct Member: Equatable, Sendable {
    /// Its name in UTF-16 code units.
    package let name: [UInt16]
    /// Its value.
    package let value: JSONValue
  }

  /// `null`.
  case null
  /// `true` or `false`.
  case boolean(Bool)
  /// A number's text, which follows the grammar of JSON.
  case number(String)
  /// A string's UTF-16 code units.
  case string([UInt16])
  /// The values of an array.
  case array([JSONValue])
  /// The members of an object in the order in which they were written; no two have one name.
  case object([Member])

  /// The only member of an object that has one, when its name is text.
  package var onlyMember: (name: String, value: JSONValue)? {
    guard case .object(let members) = self, members.count == 1, let member = members.first,
      let name = String(validating: member.name, as: UTF16.self)
    else { return nil }
    return (name, member.value)
  }
}
