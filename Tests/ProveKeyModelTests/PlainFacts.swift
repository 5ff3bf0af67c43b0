// All that a decision depends on, in terms that owe nothing to the library: ids, numbers, consumers
// and visitors are small integers. `DecisionOracle` judges these; `DecisionScenario` turns them into
// the library's own types.

/// A registration, as the oracle sees it.
struct PlainKey: Hashable, Sendable {
  enum State: Sendable { case placed, bound, unbound, revoked }

  var id: Int
  var state = State.bound
  /// The number that it is, or was last, bound to; never that of a placed key.
  var number: Int? = 1
  var consumer: Int? = 1
  var visitor: Int? = 1
  /// Milliseconds by which it was used after the last instant that makes it inactive by now.
  var usedAt = 1000
  /// Whether a sweep has noted it.
  var swept = false
  var suspended = false
  /// Whether its number is out of service.
  var disconnected = false
  var bindingAgeMilliseconds = 10_000

  var inactive: Bool { swept || usedAt <= 0 }
}

/// A request with everything known about it.
struct PlainFacts: Sendable {
  enum Channel: Sendable, CaseIterable { case mobile, desktop, none }
  enum Finding: Sendable, CaseIterable { case fresh, counterRegression, staleVault, forkedVault }
  enum Presented: Sendable {
    case nothing, unknown
    case key(PlainKey, Finding)
  }
  enum Stored: Sendable {
    case nothing, unknown
    case key(PlainKey)
  }

  var channel = Channel.mobile
  var rebind = false
  var number: Int?
  var consumer: Int?
  var visitor: Int?
  var confidencePercent = 0
  var presented = Presented.nothing
  var stored = Stored.nothing
  var seenWithVisitor: [PlainKey] = []
  var policy = PlainPolicy()
}

/// The choices that a decision depends on.
struct PlainPolicy: Hashable, Sendable {
  var persistence = false
  var minimumConfidencePercent = 90
  var picksLatest = true
  var visitorAloneSuffices = false
  var refusesClones = false
  // Nothing: age does not matter. Negative: always too old.
  var bindingAgeLimitSeconds: Int?
}

/// What the table answers.
enum PlainOutcome: Hashable, Sendable {
  case authenticate(Int)
  case recover(Int)
  case possession(String, PlainPlan)
  case reject(String)
}

/// What a possession check is to lead to.
struct PlainPlan: Hashable, Sendable {
  var action: String
  var id: Int?
  /// The only number that will do, besides the one requested.
  var onlyNumber: Int?
  var retires: Int?

  static let nothing = PlainPlan(action: "none")
  static let place = PlainPlan(action: "place")
}
