/// A phone number in E.164 form, read by Prove's rules.
///
/// Ten digits, or eleven that begin with 1, without `+` are numbers of the US and Canada; anything
/// else needs a leading `+` and country code. So `2001004029` is `+12001004029` while
/// `+2001004029` is a number in another country: they are different people.
///
/// Prints redacted, as in `+1200***4014`; ``e164`` gives the full text.
/// Source: Prove server SDK field docs, `phoneNumber`; ITU-T E.164 (at most 15 digits).
public struct PhoneNumber: Hashable, Sendable, CustomStringConvertible,
  CustomDebugStringConvertible, CustomReflectable
{
  /// Country code and subscriber number as one integer: at most 15 digits, the first not 0.
  package let digits: UInt64

  /// The most digits of an E.164 number.
  public static let maximumDigitCount = 15
  /// The fewest digits accepted after `+`, country code included.
  public static let minimumDigitCount = 7

  /// Reads a phone number as it is sent to the API.
  /// - Parameter text: letters, digits and `+` only.
  /// - Throws: ``ModelError/phoneNumber(_:)`` with the rule that is broken.
  public init(_ text: String) throws(ModelError) {
    let characters = Array(text.utf8)
    guard !characters.isEmpty else { throw .phoneNumber(.empty) }
    let hasPlus = characters[0] == UInt8(ascii: "+")
    let number = hasPlus ? characters[1...] : characters[...]
    try Self.checkCharacters(number)
    switch (hasPlus, number.count) {
    case (false, 10):
      digits = 10_000_000_000 + Self.value(of: number)
    case (false, 11) where number.first == UInt8(ascii: "1"):
      digits = Self.value(of: number)
    case (false, let count) where count > Self.maximumDigitCount:
      throw .phoneNumber(.tooLong)
    case (false, _):
      throw .phoneNumber(.countryCodeMissing)
    case (true, let count):
      guard number.first != UInt8(ascii: "0") else { throw .phoneNumber(.countryCodeZero) }
      guard count >= Self.minimumDigitCount else { throw .phoneNumber(.tooShort) }
      guard count <= Self.maximumDigitCount else { throw .phoneNumber(.tooLong) }
      guard number.first != UInt8(ascii: "1") || count == 11 else {
        throw .phoneNumber(.northAmericaLength)
      }
      digits = Self.value(of: number)
    }
  }

  /// Makes a number from its digits as stored.
  package init(digits: UInt64) throws(ModelError) {
    try self.init("+\(digits)")
  }

  /// The full number: `+`, country code, subscriber number.
  public var e164: String { "+\(digits)" }

  /// The number with its middle hidden, as in `+1200***4014`.
  public var redacted: String {
    let text = String(digits)
    let (head, tail) = text.count >= 11 ? (4, 4) : (2, 2)
    return "+\(text.prefix(head))***\(text.suffix(tail))"
  }

  /// The redacted number.
  public var description: String { redacted }

  /// The redacted number.
  public var debugDescription: String { redacted }

  /// Shows no children, so that `dump` cannot print the number.
  public var customMirror: Mirror { Mirror(self, children: []) }

  private static func checkCharacters(_ characters: ArraySlice<UInt8>) throws(ModelError) {
    var hasLetter = false
    for character in characters {
      switch character {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): continue
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"):
        hasLetter = true
      case UInt8(ascii: "+"): throw .phoneNumber(.misplacedPlus)
      default: throw .phoneNumber(.characterNotAllowed)
      }
    }
    if hasLetter { throw .phoneNumber(.lettersNotANumber) }
  }

  private static func value(of digits: ArraySlice<UInt8>) -> UInt64 {
    digits.reduce(0) { $0 * 10 + UInt64($1 - UInt8(ascii: "0")) }
  }
}
