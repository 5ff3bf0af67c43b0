public import ProveKeyModel

/// Registrations of people who do not exist, for trials and measurements; the same seed and day
/// give the same ones.
///
/// People have one to three numbers and a few browsers or apps; a browser has 1 to 5 registrations,
/// and one in twenty has more, up to 10,000. They were placed over the two years before the day; most
/// are bound, some placed only, unbound, revoked, suspended or with a number out of service. The
/// numbers begin with `+11`, as no number of a person does, and the public keys are random bytes:
/// nobody holds a private half.
public struct SyntheticRegistrations: Sequence, IteratorProtocol, Sendable {
  private var random: SplitMix
  private let start: UTCInstant
  private var left: Int
  private var person = Person()

  /// How long before the day the oldest were placed.
  private static let days: Int64 = 730
  /// Registrations that one browser has at most.
  public static let perVisitorLimit = 10_000

  /// Prepares to make registrations.
  /// - Parameters:
  ///   - count: how many.
  ///   - seed: chooses which.
  ///   - day: until when they were used.
  public init(count: Int, seed: UInt64, until day: UTCInstant) {
    left = count
    random = SplitMix(state: seed)
    start = UTCInstant(
      millisecondsSinceEpoch: (day.daysSinceEpoch - Self.days) * UTCInstant.dayMilliseconds)
  }

  /// The next registration.
  public mutating func next() -> KeyRegistration? {
    guard left > 0 else { return nil }
    left -= 1
    if person.left == 0 { person = Person(using: &random) }
    person.left -= 1
    do { return try registration() } catch {
      preconditionFailure("a synthetic registration breaks a rule of the model: \(error)")
    }
  }

  private mutating func registration() throws(ModelError) -> KeyRegistration {
    let placedAt = start.adding(milliseconds: random.below(Self.days * 86_400_000))
    let isApp = person.visitor == nil
    let kind: DeviceDescription.Kind = isApp ? .mobile : .web
    let state = random.below(100)
    let key = try KeyRegistration(
      placing: PublicKey(algorithm: .ed25519, bytes: random.bytes(32)),
      as: DeviceID.random(using: &random),
      on: DeviceDescription(kind: kind, name: random.below(4) == 0 ? Self.name(kind) : nil),
      clientCustomerID: person.customer, visitorID: person.visitor, at: placedAt)
    guard state >= 6 else { return key }
    let number = person.numbers[Int(random.below(Int64(person.numbers.count)))]
    var moved = try key.bound(
      to: number, proveID: person.proveID, at: placedAt.adding(milliseconds: random.below(600_000)))
    moved = try used(moved)
    let end = start.adding(milliseconds: Self.days * 86_400_000)
    let last = moved.lastAuthenticatedAt ?? placedAt
    let later = last.adding(
      milliseconds: random.below(
        Swift.max(1, end.millisecondsSinceEpoch - last.millisecondsSinceEpoch)))
    switch state {
    case 6..<10: return try moved.unbound()
    case 10..<17: return moved.revoked(at: later)
    case 17..<20: return moved.revoked(because: .superseded, at: later)
    case 20..<22: return try moved.suspended(at: later)
    case 22..<23: return try moved.disconnected(at: later)
    default: return moved
    }
  }

  /// The key after some authentications: most keys are in use, the others were left at some time.
  private mutating func used(_ key: KeyRegistration) throws(ModelError) -> KeyRegistration {
    let first = key.lastAuthenticatedAt ?? key.placedAt
    let end = start.adding(milliseconds: Self.days * 86_400_000)
    let span = Swift.max(1, end.millisecondsSinceEpoch - first.millisecondsSinceEpoch)
    var moved = key
    let isInUse = random.below(100) < 55
    let recent = Swift.min(span, 30 * 86_400_000)
    let last =
      isInUse
      ? end.adding(milliseconds: -1 - random.below(recent))
      : first.adding(milliseconds: random.below(span))
    if random.below(10) > 0 {
      let counter = UInt64(1 + random.below(200))
      let proof = try KeyAssertion(
        deviceID: key.deviceID, counter: counter,
        vaultState: .init(generation: counter + 2, digest: random.bytes(32)),
        signature: [UInt8](repeating: 0, count: 64))
      moved = try moved.noting(proof)
    }
    return last > first ? try moved.authenticated(at: last) : moved
  }

  private static func name(_ kind: DeviceDescription.Kind) -> String {
    kind == .web ? "Browser" : "Phone"
  }
}

/// Somebody with numbers and browsers, and how many registrations of the present browser are left.
private struct Person {
  var numbers: [PhoneNumber] = []
  var proveID: ProveID?
  var customer: ClientCustomerID?
  var visitor: VisitorID?
  var left = 0

  init() {}

  init(using random: inout SplitMix) {
    for _ in 0..<(random.below(10) < 7 ? 1 : 1 + random.below(3)) {
      // Area codes begin with 2 to 9: a number with 1 there is nobody's.
      let digits = 11_000_000_000 + UInt64(random.below(1_000_000_000))
      do { numbers.append(try PhoneNumber(digits: digits)) } catch {
        preconditionFailure("eleven digits that begin with 1 are a number")
      }
    }
    if random.below(10) < 8 { proveID = ProveID(random.hexadecimal(32)) }
    if random.below(10) < 6 { customer = ClientCustomerID("customer-" + random.hexadecimal(12)) }
    if random.below(10) < 6 { visitor = VisitorID(random.hexadecimal(20)) }
    left = Person.registrationCount(using: &random)
  }

  /// Half have one; one in twenty has more than five, with the tail of a Pareto distribution.
  private static func registrationCount(using random: inout SplitMix) -> Int {
    switch random.below(100) {
    case ..<50: return 1
    case ..<70: return 2
    case ..<82: return 3
    case ..<90: return 4
    case ..<95: return 5
    default:
      // 6 / u, with u uniform in (0, 1]: whole numbers, so that every machine gives the same.
      let limit = Int64(SyntheticRegistrations.perVisitorLimit)
      return Int(Swift.min(limit, 6_000_000 / (1 + random.below(1_000_000))))
    }
  }
}

/// A small generator whose numbers are the same everywhere.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (SplitMix64).
private struct SplitMix: RandomNumberGenerator, Sendable {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A number from 0 up and below a bound; the bias of the remainder does not matter here.
  mutating func below(_ bound: Int64) -> Int64 {
    Int64(next() >> 1) % bound
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count {
      let word = next()
      for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift * 8))) }
    }
    return Array(bytes.prefix(count))
  }

  mutating func hexadecimal(_ count: Int) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes(count).map { digits[Int($0 & 15)] }, as: UTF8.self)
  }
}

extension UTCInstant {
  fileprivate func adding(milliseconds: Int64) -> UTCInstant {
    UTCInstant(millisecondsSinceEpoch: millisecondsSinceEpoch + milliseconds)
  }
}
