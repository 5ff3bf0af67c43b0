import CampaignSupport

/// One step of a random history of a registry.
///
/// Devices, numbers, visitors and earlier decisions are named by small numbers, so that any steps
/// can be left out and what is left is a history still.
package enum HistoryStep: Hashable, Sendable {
  case place(device: Int, visitor: Int?)
  case bind(device: Int, number: Int)
  case rebind(device: Int, number: Int)
  case unbind(device: Int)
  case revoke(device: Int)
  case suspend(device: Int)
  case resume(device: Int)
  case rename(device: Int, name: Int?)
  case recordAuthentication(device: Int)
  case markDisconnected(number: Int)
  case decide(Request)
  case complete(decision: Int, possession: Possession, offering: Int?)
  case withdraw(decision: Int)
  case sweep
  case moveClock(seconds: Int64)
  case moveClockByMonths(Int)
  case reopen

  /// What is asked for with a decision.
  package struct Request: Hashable, Sendable {
    var isDesktop = false
    var presenting: Presenting?
    var number: Int?
    var visitor: Int?
    var isSure = true
    var stored: Int?
    var rebinds = false
  }

  /// Which key is presented, and how.
  package struct Presenting: Hashable, Sendable {
    let device: Int
    let way: Way
  }

  /// How a key is presented.
  package enum Way: Hashable, CaseIterable, Sendable {
    /// As it should be.
    case fresh
    /// Under the counter used last.
    case again
    /// Under a counter far below.
    case old
    /// Without a counter.
    case withoutCounter
    /// Under the next counter, by a vault that forked.
    case forked
    /// By a key that was never registered.
    case wrongKey
  }

  /// What is said to have become of the possession check.
  package enum Possession: Hashable, Sendable {
    case passed(number: Int)
    case failed
    case unknown
  }
}

extension HistoryStep {
  /// How many there are of each.
  package static let deviceCount = 5
  package static let numberCount = 3
  package static let visitorCount = 2

  /// The next step, as a seed has it.
  static func random(using random: inout SeededGenerator, decisions: Int) -> HistoryStep {
    func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
    func device() -> Int { pick(deviceCount) }
    // Some are met more often than others, so that registrations come together.
    func number() -> Int { pick(100) < 50 ? 0 : pick(numberCount) }
    func visitor() -> Int { pick(100) < 60 ? 0 : pick(visitorCount) }
    func maybe<Value>(_ percent: Int, _ value: () -> Value) -> Value? {
      pick(100) < percent ? value() : nil
    }
    // The latest decisions most of all, but older ones too.
    func decision() -> Int { pick(100) < 70 ? max(decisions - 1, 0) : pick(max(decisions, 1)) }
    switch pick(100) {
    case ..<9: return .place(device: device(), visitor: maybe(70) { visitor() })
    case ..<17: return .bind(device: device(), number: number())
    case ..<20: return .rebind(device: device(), number: number())
    case ..<23: return .unbind(device: device())
    case ..<25: return .revoke(device: device())
    case ..<28: return .suspend(device: device())
    case ..<32: return .resume(device: device())
    case ..<34: return .rename(device: device(), name: maybe(70) { pick(3) })
    case ..<38: return .recordAuthentication(device: device())
    case ..<40: return .markDisconnected(number: number())
    case ..<63:
      var request = Request()
      request.isDesktop = pick(100) < 4
      request.presenting = maybe(60) {
        Presenting(
          device: device(),
          way: pick(100) < 65 ? .fresh : Way.allCases.randomElement(using: &random) ?? .fresh)
      }
      request.number = maybe(75) { number() }
      request.visitor = maybe(60) { visitor() }
      request.isSure = pick(100) < 90
      request.stored = maybe(35) { device() }
      request.rebinds = pick(100) < 15
      return .decide(request)
    case ..<85:
      let possession: Possession =
        switch pick(100) {
        case ..<80: .passed(number: number())
        case ..<92: .failed
        default: .unknown
        }
      return .complete(
        decision: decision(), possession: possession, offering: maybe(90) { device() })
    case ..<86: return .withdraw(decision: decision())
    case ..<89: return .sweep
    case ..<93:
      return .moveClock(seconds: [1, 61, 600, 900, 3_600, 86_400, 2_592_000, -30, -600][pick(9)])
    case ..<97: return .moveClockByMonths([1, 6, 11, 12, 13][pick(5)])
    default: return .reopen
    }
  }
}

/// A history: what the registry's policy is, and what then happens.
package struct History: Hashable, Sendable {
  /// The seed that it was made of.
  package let seed: UInt64
  /// What happens.
  package var steps: [HistoryStep]

  /// Makes a history of a seed.
  package init(seed: UInt64, count: Int) {
    self.seed = seed
    var random = SeededGenerator(seed: seed)
    var steps: [HistoryStep] = []
    var decisions = 0
    // Most begin with a few registrations, where others only come by them.
    if Int.random(in: 0..<100, using: &random) < 70 {
      for device in 0..<3 {
        steps.append(.place(device: device, visitor: Int.random(in: 0..<4, using: &random) / 3))
        steps.append(.bind(device: device, number: Int.random(in: 0..<4, using: &random) / 3))
      }
    }
    while steps.count < count {
      let step = HistoryStep.random(using: &random, decisions: decisions)
      if case .decide = step { decisions += 1 }
      steps.append(step)
    }
    self.steps = steps
  }
}
