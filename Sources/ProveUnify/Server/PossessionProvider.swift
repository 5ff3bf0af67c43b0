public import ProveKeyModel

/// Proves possession of phone numbers: a carrier and an SMS service, or a sandbox.
///
/// The service makes the rules (attempts, timings, which step follows which); a provider sends and
/// looks up. What it throws counts as a failed attempt of that step.
public protocol PossessionProvider: Sendable {
  /// Asks the carrier whose connection the device is on.
  /// - Parameters:
  ///   - token: what the device's Mobile Auth gave.
  ///   - number: the number that the request named, if it named one.
  func mobileAuth(token: String, expecting number: PhoneNumber?) async throws -> MobileAuthResult

  /// Makes the code that is sent to a number.
  /// - Parameter digitCount: 4 to 6.
  func oneTimeCode(digitCount: Int, for number: PhoneNumber) -> String

  /// Sends an SMS.
  func send(_ text: String, to number: PhoneNumber) async throws

  /// Looks whether a link that was sent has been opened.
  ///
  /// Links that report to ``UnifyService/openInstantLink(_:)`` need no answer here: return
  /// `waiting`.
  func instantLink(sentTo number: PhoneNumber) async throws -> InstantLinkResult

  /// Whether a link that was opened on the phone of this number counts.
  func acceptsLinkOpened(by number: PhoneNumber) -> Bool

  /// Whether a number authenticates without any client, as two sandbox users do.
  func passesWithoutClient(_ number: PhoneNumber) -> Bool
}

extension PossessionProvider {
  /// A random code.
  public func oneTimeCode(digitCount: Int, for number: PhoneNumber) -> String {
    var generator = SystemRandomNumberGenerator()
    return String(
      (0..<digitCount).map { _ in Character(String(generator.next(upperBound: 10 as UInt))) })
  }

  /// Links report to the service by themselves.
  public func instantLink(sentTo number: PhoneNumber) async throws -> InstantLinkResult {
    .waiting
  }

  /// Every one does.
  public func acceptsLinkOpened(by number: PhoneNumber) -> Bool { true }

  /// No number does.
  public func passesWithoutClient(_ number: PhoneNumber) -> Bool { false }
}

/// What a carrier said.
public enum MobileAuthResult: Hashable, Sendable {
  /// The device is on this number's connection.
  case verified(PhoneNumber)
  /// It could not tell; another way may be tried.
  case failed
  /// It is not; no other way is tried.
  case refused
}

/// What became of a link.
public enum InstantLinkResult: Hashable, Sendable {
  /// Nothing so far.
  case waiting
  /// It was opened.
  case opened
  /// The person refused it.
  case refused
}

/// Judges the reputation of a number (`checkReputation`).
public protocol ReputationProvider: Sendable {
  /// Whether the number may authenticate.
  func isTrustworthy(_ number: PhoneNumber) async throws -> Bool
}
