import Foundation
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeySealing

/// One flow on the server, from unify to its outcome; kept sealed in the registry's store.
struct UnifySession: Codable, Equatable {
  /// What the flow waits for.
  enum Phase: String, Codable {
    case created, presenting, mobileAuth, otpStart, otpFinish, linkStart, linkWait, offering
    /// The integrator is to prove possession (R3).
    case awaitingBind
    case finished
  }

  /// A code or link that was sent.
  struct Sent: Codable, Equatable {
    var number: String
    var secret: String
    var atMilliseconds: Int64
    var isOpened = false
    var isRefused: Bool?
  }

  /// A new key that was offered and waits for possession.
  struct Offer: Codable, Equatable {
    var algorithm: UInt8
    var publicKey: String
    var proof: String
    var challenge: String
  }

  /// The proof of a key that is not registered.
  struct UnknownKey: Codable, Equatable {
    var proof: String
    var challenge: String
  }

  /// How the flow ended.
  struct Outcome: Codable, Equatable {
    var isAuthenticated: Bool
    var phoneNumber: String?
    var proveID: String?
    var deviceID: String?
    var isRevoked = false
  }

  let correlationID: String
  /// Which client of the integrator began the flow, where it said so.
  var client: String?
  /// The id of the authToken; nothing once it was used.
  var authTokenID: String?
  let clientRequestID: String
  let channel: String
  let phoneNumber: String?
  let proveID: String?
  let storedDeviceID: String?
  let rebind: Bool
  let clientCustomerID: String?
  let clientHumanID: String?
  let finalTargetURL: String?
  let allowsOTPRetry: Bool
  let smsMessage: String?
  let checksReputation: Bool
  let createdAtMilliseconds: Int64

  /// Since when a step is under way; nothing between steps.
  var claimedAtMilliseconds: Int64?
  var phase = Phase.created
  var authID: String?
  var abilities: [String] = []
  var visitorID: String?
  var visitorConfidence: Double?
  /// The challenge that the device is to answer now.
  var challenge: String?
  var ticket: String?
  /// Whether the outcome needs a new key, and under which id if that is settled.
  var needsKey = false
  var keyID: String?
  /// Whether the new key takes the place of a registration's key.
  var replacesKey = false
  var presentedID: String?
  /// How many keys were presented that lead nowhere.
  var keyPresentations = 0
  /// The one of them that is not registered, if one was.
  var unknownKey: UnknownKey?
  /// The number that alone fulfils the plan, where the plan says so.
  var boundNumber: String?
  var row: Int?
  var reason: String?
  var possession = PossessionMethod.none.rawValue
  /// Whether the device was asked for a number.
  var asksForNumber = false
  /// The number that a person entered.
  var enteredNumber: String?
  /// The number whose possession was proven.
  var verifiedNumber: String?
  var phoneNumberEntries = 0
  var smsSends = 0
  var otpEntries = 0
  var sent: Sent?
  var offer: Offer?
  /// Whether unify-status has said `possession_required` (R3).
  var hasAnnouncedPossession = false
  var outcome: Outcome?
}

extension UnifySession {
  func encoded() throws(UnifyError) -> [UInt8] {
    do { return [UInt8](try JSONEncoder().encode(self)) } catch {
      throw .registry(.damaged(table: "session"))
    }
  }

  static func decode(_ bytes: [UInt8]) throws(UnifyError) -> UnifySession {
    do { return try JSONDecoder().decode(UnifySession.self, from: Data(bytes)) } catch {
      throw .registry(.damaged(table: "session"))
    }
  }

  var createdAt: UTCInstant { UTCInstant(millisecondsSinceEpoch: createdAtMilliseconds) }

  func isExpired(at now: UTCInstant) -> Bool {
    now >= createdAt.adding(seconds: UnifyLimits.sessionSeconds)
  }

  /// The request as the registry decides it.
  var keyRequest: KeyRequest {
    get throws(ModelError) {
      KeyRequest(
        channel: Channel(rawValue: channel) ?? .mobile,
        phoneNumber: try phoneNumber.map { text throws(ModelError) in try PhoneNumber(text) },
        proveID: proveID.flatMap { ProveID($0) },
        storedDeviceID: storedDeviceID.flatMap { DeviceID($0) }, rebind: rebind,
        visitor: try visitor,
        clientCustomerID: clientCustomerID.flatMap { ClientCustomerID($0) },
        clientHumanID: clientHumanID.flatMap { ClientHumanID($0) })
    }
  }

  private var visitor: Visitor? {
    get throws(ModelError) {
      guard let id = visitorID.flatMap({ VisitorID($0) }), let confidence = visitorConfidence
      else { return nil }
      return try Visitor(id: id, confidence: confidence)
    }
  }

  /// Whether another step is under way.
  func isClaimed(at now: UTCInstant) -> Bool {
    guard let claimedAtMilliseconds else { return false }
    let claimedAt = UTCInstant(millisecondsSinceEpoch: claimedAtMilliseconds)
    return now < claimedAt.adding(seconds: UnifyLimits.stepSeconds)
  }

  func can(_ method: PossessionMethod) -> Bool { abilities.contains(method.rawValue) }

  /// Keeps an offered key.
  mutating func keep(_ newKey: NewKey, for challenge: Challenge) {
    keyID = newKey.deviceID.rawValue
    offer = Offer(
      algorithm: newKey.publicKey.algorithm.rawValue,
      publicKey: Base64URL.encode(newKey.publicKey.bytes),
      proof: Base64URL.encode(newKey.proof.encoded),
      challenge: Base64URL.encode(challenge.bytes))
  }

  /// The offered key that was kept, with the challenge that its proof answers.
  var keptOffer: (NewKey, Challenge)? {
    get throws(ModelError) {
      guard let offer, let id = keyID.flatMap({ DeviceID($0) }),
        let algorithm = KeyAlgorithm(rawValue: offer.algorithm),
        let publicKey = Base64URL.decode(offer.publicKey),
        let proof = Base64URL.decode(offer.proof),
        let challenge = Base64URL.decode(offer.challenge)
      else { return nil }
      let newKey = try NewKey(
        deviceID: id, publicKey: try PublicKey(algorithm: algorithm, bytes: publicKey),
        proof: try KeyAssertion(encoded: proof))
      return (newKey, Challenge(bytes: challenge))
    }
  }

  /// Keeps the proof of a key that is not registered.
  mutating func keep(unknown: KeyAssertion) {
    guard let challenge else { return }
    unknownKey = UnknownKey(proof: Base64URL.encode(unknown.encoded), challenge: challenge)
  }

  /// The proof of a key that is not registered, with the challenge that it answers.
  var keptUnknownKey: (KeyAssertion, Challenge)? {
    get throws(ModelError) {
      guard let unknownKey, let proof = Base64URL.decode(unknownKey.proof),
        let challenge = Base64URL.decode(unknownKey.challenge)
      else { return nil }
      return (try KeyAssertion(encoded: proof), Challenge(bytes: challenge))
    }
  }

  var openChallenge: Challenge? {
    challenge.flatMap { Base64URL.decode($0) }.map { Challenge(bytes: $0) }
  }
}

extension UnifySession: CustomStringConvertible, CustomReflectable {
  /// The phase; never a number, an id or a code.
  var description: String {
    "UnifySession(\(phase.rawValue), redacted)"
  }

  /// Shows nothing to `dump`.
  var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}
