public import ProveKeyModel

/// A test user of the sandbox: what happens when their number is put to the test.
///
/// Source: Prove, sandbox testing (public test data).
public struct SandboxUser: Hashable, Sendable {
  /// What the user's carrier says.
  public enum MobileAuth: Hashable, Sendable {
    /// Mobile Auth is no part of this user's tests: another way follows.
    case unavailable
    /// It passes.
    case passes
    /// It fails and a code is tried.
    case fails
    /// It fails and that is the end.
    case failsForGood
  }

  /// The number as it is sent to the API.
  public let phoneNumberText: String
  /// The number.
  public let phoneNumber: PhoneNumber
  /// First and last name.
  public let name: String
  /// What the carrier says.
  public let mobileAuth: MobileAuth
  /// The code that the person enters: 1234 is right, 1111 is not.
  public let entersCode: String
  /// Whether the person opens the link on the phone.
  public let opensLink: Bool
  /// Whether the number's reputation is good.
  public let isTrustworthy: Bool
  /// Whether the user authenticates without any client.
  public let passesWithoutClient: Bool

  init(
    _ text: String, _ name: String, mobileAuth: MobileAuth = .unavailable, code: String = "1234",
    opensLink: Bool = true, isTrustworthy: Bool = true, passesWithoutClient: Bool = false
  ) throws(ModelError) {
    phoneNumberText = text
    phoneNumber = try PhoneNumber(text)
    self.name = name
    self.mobileAuth = mobileAuth
    entersCode = code
    self.opensLink = opensLink
    self.isTrustworthy = isTrustworthy
    self.passesWithoutClient = passesWithoutClient
  }

  /// The code that every SMS of the sandbox carries.
  public static let rightCode = "1234"

  /// All twelve users.
  /// - Throws: never for the numbers written here; a test reads them all.
  public static func all() throws(ModelError) -> [SandboxUser] {
    [
      try SandboxUser("2001004014", "Lorant Nerger"),
      try SandboxUser("2001004015", "Laney Dyball", code: "1111", opensLink: false),
      try SandboxUser("+2001004025", "Bertie Fremont"),
      try SandboxUser("+2001004026", "Bonnie Sidon", code: "1111", opensLink: false),
      try SandboxUser("2001004016", "Inge Galier", mobileAuth: .passes),
      try SandboxUser("2001004017", "Jesse Mashro", mobileAuth: .fails, code: "1111"),
      try SandboxUser("2001004041", "Penny Jowers", mobileAuth: .fails, isTrustworthy: false),
      try SandboxUser("+2001004027", "Allissa Zoren", mobileAuth: .passes),
      try SandboxUser("+2001004028", "Wendy Strover", mobileAuth: .failsForGood),
      try SandboxUser("+2001004043", "Amii Porritt", mobileAuth: .fails, isTrustworthy: false),
      try SandboxUser("2001004018", "Barbaraanne Canet", passesWithoutClient: true),
      try SandboxUser("+2001004029", "Janos Martina", passesWithoutClient: true),
    ]
  }
}
