/// Why a value could not be made or a registration could not be moved.
@nonexhaustive
public enum ModelError: Error, Hashable, Sendable {
  /// A field's text or bytes are not what the field allows; correct the field named.
  case malformed(field: String)
  /// A phone number cannot be read; the problem says which rule it breaks.
  case phoneNumber(PhoneNumberProblem)
  /// The registration is not in a state from which this move is allowed.
  case illegalMove(from: RegistrationStateName, to: RegistrationMove)
  /// The registration has no binding to judge or to change.
  case notBound
  /// A registration once revoked is never changed again (R9).
  case revoked
  /// A registration that is suspended is not used; resume it first.
  case suspended
}

/// Which rule of a phone number was broken.
public enum PhoneNumberProblem: String, Hashable, Sendable {
  /// Nothing was given.
  case empty
  /// Only letters, digits and `+` may be sent; this has another character.
  case characterNotAllowed
  /// Letters pass the character rule but do not name a number.
  case lettersNotANumber
  /// A `+` stands elsewhere than in front.
  case misplacedPlus
  /// Neither ten digits nor eleven that begin with 1: a leading `+` and country code are needed.
  case countryCodeMissing
  /// After `+`, a country code cannot begin with 0.
  case countryCodeZero
  /// Fewer digits than any E.164 number in use.
  case tooShort
  /// More than the 15 digits of E.164.
  case tooLong
  /// `+1` is followed by a number of digits other than ten.
  case northAmericaLength
}
