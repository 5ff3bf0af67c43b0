public import ProveKeyModel
import ProveKeyPlatform

/// Possession and reputation as the twelve test users have them; no SMS leaves the process.
public final class SandboxProvider: PossessionProvider, ReputationProvider {
  /// An SMS that a real provider would have sent.
  public struct Message: Hashable, Sendable {
    /// To whom.
    public let phoneNumber: PhoneNumber
    /// The text, code or link included.
    public let text: String
  }

  private let users: [PhoneNumber: SandboxUser]
  private let opensLinks: Bool
  private let sent = Locked<[Message]>([])

  /// How many of the last messages are kept.
  public static let outboxLimit = 1000

  /// Makes the sandbox of these users.
  /// - Parameter opensLinks: whether users answer Instant Links by themselves, at once; else someone
  ///   opens the link.
  public init(users: [SandboxUser], opensLinks: Bool = true) {
    self.opensLinks = opensLinks
    self.users = Dictionary(users.map { ($0.phoneNumber, $0) }) { first, _ in first }
  }

  /// The last messages, oldest first.
  public var outbox: [Message] { sent.withLock { $0 } }

  /// The carrier's answer; the token is the number of the SIM in the device.
  /// - Throws: ``UnifyError/sandboxUserNotFound``.
  public func mobileAuth(
    token: String, expecting number: PhoneNumber?
  ) async throws -> MobileAuthResult {
    let user = try user(of: try PhoneNumber(token))
    switch user.mobileAuth {
    case .passes: return .verified(user.phoneNumber)
    case .unavailable, .fails: return .failed
    case .failsForGood: return .refused
    }
  }

  /// Always 1234, whatever the length asked for.
  public func oneTimeCode(digitCount: Int, for number: PhoneNumber) -> String {
    SandboxUser.rightCode
  }

  /// Puts the message into the outbox.
  /// - Throws: ``UnifyError/sandboxUserNotFound``.
  public func send(_ text: String, to number: PhoneNumber) async throws {
    _ = try user(of: number)
    sent.withLock {
      $0.append(Message(phoneNumber: number, text: text))
      if $0.count > Self.outboxLimit { $0.removeFirst($0.count - Self.outboxLimit) }
    }
  }

  /// Whether the user opens links.
  /// - Throws: ``UnifyError/sandboxUserNotFound``.
  public func instantLink(sentTo number: PhoneNumber) async throws -> InstantLinkResult {
    guard opensLinks else { return .waiting }
    return try user(of: number).opensLink ? .opened : .refused
  }

  /// Not when the user's test is to fail.
  public func acceptsLinkOpened(by number: PhoneNumber) -> Bool {
    users[number]?.opensLink ?? false
  }

  /// Whether it is one of the two users for first tests.
  public func passesWithoutClient(_ number: PhoneNumber) -> Bool {
    users[number]?.passesWithoutClient ?? false
  }

  /// The user's reputation.
  /// - Throws: ``UnifyError/sandboxUserNotFound``.
  public func isTrustworthy(_ number: PhoneNumber) async throws -> Bool {
    try user(of: number).isTrustworthy
  }

  private func user(of number: PhoneNumber) throws(UnifyError) -> SandboxUser {
    guard let user = users[number] else { throw .sandboxUserNotFound }
    return user
  }
}

extension SandboxProvider.Message: CustomStringConvertible, CustomReflectable {
  /// To whom, redacted; never the text, which holds the code or link.
  public var description: String {
    "Message(\(phoneNumber), redacted)"
  }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}
