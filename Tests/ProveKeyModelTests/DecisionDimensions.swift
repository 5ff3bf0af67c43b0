/// The number and consumer that a request names, and whether the keys in play have a consumer.
///
/// Keys in play are of number 1 and of consumer 1 or of none: so a request names nothing, the same,
/// another, or a consumer that the binding does not know.
struct Asked: Sendable {
  var number: Int?
  var consumer: Int?
  var consumerOfKeys: Int?

  static let all: [Asked] = [nil, 1, 2].flatMap { number in
    [(nil, 1), (1, 1), (2, 1), (1, nil)].map { consumer, consumerOfKeys in
      Asked(number: number, consumer: consumer, consumerOfKeys: consumerOfKeys)
    }
  }

  func key(_ id: Int, _ change: (inout PlainKey) -> Void = { _ in }) -> PlainKey {
    var key = PlainKey(id: id, consumer: consumerOfKeys)
    change(&key)
    if key.state == .placed { (key.number, key.consumer) = (nil, nil) }
    return key
  }
}

extension DecisionExhaustiveTests {
  // Binding ages are 10,000 ms: the limits are none, always, just reached, just exceeded, far off.
  static let bindingAgeLimits: [Int?] = [nil, -1, 10, 9, 1_000_000]

  /// An unknown key, and each kind of registered key under each finding: 1 + 18 x 4.
  static func presentations(_ asked: Asked) -> [PlainFacts.Presented] {
    let keys = [
      asked.key(1) { $0.state = .placed },
      asked.key(1) { ($0.state, $0.usedAt) = (.placed, 0) },
      asked.key(1) { $0.state = .unbound },
      asked.key(1) { ($0.state, $0.usedAt) = (.unbound, -5) },
      asked.key(1) { $0.usedAt = 1 },
      asked.key(1) { $0.visitor = nil },
      asked.key(1) { $0.usedAt = 0 },
      asked.key(1) { $0.swept = true },
      asked.key(1) { $0.state = .revoked },
      asked.key(1) { ($0.state, $0.usedAt) = (.revoked, 0) },
      asked.key(1) { ($0.state, $0.number, $0.consumer) = (.revoked, nil, nil) },
      asked.key(1) { $0.suspended = true },
      asked.key(1) { ($0.suspended, $0.usedAt) = (true, 0) },
      asked.key(1) { ($0.suspended, $0.state) = (true, .placed) },
      asked.key(1) { ($0.suspended, $0.state) = (true, .revoked) },
      asked.key(1) { $0.disconnected = true },
      asked.key(1) { ($0.disconnected, $0.usedAt) = (true, 0) },
      asked.key(1) { ($0.disconnected, $0.suspended) = (true, true) },
    ]
    return [.unknown]
      + keys.flatMap { key in PlainFacts.Finding.allCases.map { .key(key, $0) } }
  }

  /// What must not matter once a key is presented: nothing, or much that could be recovered.
  static func backgrounds(_ asked: Asked) -> [PlainFacts] {
    let plain = PlainFacts(number: asked.number, consumer: asked.consumer)
    var recoverable = plain
    (recoverable.visitor, recoverable.confidencePercent) = (1, 100)
    recoverable.policy.persistence = true
    recoverable.policy.visitorAloneSuffices = true
    recoverable.seenWithVisitor = [asked.key(21)]
    var stored = recoverable
    stored.stored = .key(asked.key(11))
    stored.policy.picksLatest = false
    stored.seenWithVisitor = [asked.key(11), asked.key(22)]
    return [plain, recoverable, stored]
  }

  static func storedRegistrations(_ asked: Asked) -> [PlainFacts.Stored] {
    let keys = [
      asked.key(11),
      asked.key(11) { ($0.number, $0.usedAt) = (2, 1) },
      asked.key(11) { $0.visitor = 2 },
      asked.key(11) { $0.visitor = nil },
      asked.key(11) { $0.usedAt = 0 },
      asked.key(11) { $0.swept = true },
      asked.key(11) { $0.state = .revoked },
      asked.key(11) { $0.state = .unbound },
      asked.key(11) { ($0.state, $0.swept) = (.unbound, true) },
      asked.key(11) { $0.state = .placed },
      asked.key(11) { $0.suspended = true },
      asked.key(11) { ($0.suspended, $0.state) = (true, .revoked) },
      asked.key(11) { $0.disconnected = true },
      asked.key(11) { ($0.disconnected, $0.visitor) = (true, 2) },
      asked.key(11) { ($0.disconnected, $0.usedAt) = (true, 0) },
    ]
    return [.nothing, .unknown] + keys.map { .key($0) }
  }

  /// None, one, two or three that fit a request for the keys' own number.
  static func fittingSets(_ asked: Asked) -> [[PlainKey]] {
    [
      [],
      [asked.key(21)],
      // A tie, the higher id first.
      [asked.key(23), asked.key(22)],
      // The most recent neither first, nor last, nor of the lowest id.
      [asked.key(21) { $0.usedAt = 5 }, asked.key(25), asked.key(24) { $0.usedAt = 9 }],
    ]
  }

  /// Those that fit, each alone, with one misfit of each kind, and with all: 4 x (1 + 11 + 1).
  static func seenSets(_ asked: Asked) -> [[PlainKey]] {
    let misfits = [
      asked.key(31) { $0.visitor = 2 },
      asked.key(32) { $0.visitor = nil },
      asked.key(33) { $0.state = .revoked },
      asked.key(34) { $0.state = .unbound },
      asked.key(35) { $0.state = .placed },
      asked.key(36) { $0.usedAt = 0 },
      asked.key(37) { $0.swept = true },
      asked.key(38) { $0.number = 2 },
      asked.key(39) { $0.consumer = 3 },
      asked.key(40) { $0.suspended = true },
      asked.key(41) { $0.disconnected = true },
    ]
    let additions = [[]] + misfits.map { [$0] } + [misfits]
    return fittingSets(asked).flatMap { fits in additions.map { $0 + fits } }
  }

  /// Absent, too unsure, just sure enough, certain.
  static let visitors: [(id: Int?, confidencePercent: Int)] = [
    (nil, 0), (1, 89), (1, 90), (1, 100),
  ]

  /// A visitor under a policy.
  struct RecoverySetting: Sendable {
    var visitor: Int?
    var confidencePercent: Int
    var policy: PlainPolicy

    var mayRecover: Bool { policy.persistence && confidencePercent >= 90 }
  }

  /// Each visitor with each choice that bears on recovery.
  static let recoverySettings: [RecoverySetting] = [false, true].flatMap { persistence in
    [false, true].flatMap { picksLatest in
      [false, true].flatMap { visitorAlone in
        visitors.map { visitor, confidence in
          let policy = PlainPolicy(
            persistence: persistence, picksLatest: picksLatest, visitorAloneSuffices: visitorAlone)
          return RecoverySetting(
            visitor: visitor, confidencePercent: confidence, policy: policy)
        }
      }
    }
  }
}
