import Foundation

/// Which keys are asked for, one after the other.
struct KeySequence {
  /// How often each key is asked for.
  enum Spread: String, CaseIterable {
    case uniform
    /// Some keys far more often than others, as YCSB has them (theta 0.99).
    case zipfian
  }

  private let count: Int
  private let spread: Spread
  private var random: SystemRandomNumberGenerator
  private let zeta: Double
  private let eta: Double
  private static let theta = 0.99

  init(_ spread: Spread, among count: Int) {
    self.count = count
    self.spread = spread
    random = SystemRandomNumberGenerator()
    guard spread == .zipfian else {
      (zeta, eta) = (0, 0)
      return
    }
    // Source: Gray et al., "Quickly generating billion-record synthetic databases", as in YCSB.
    zeta = (1...count).reduce(0) { $0 + 1 / pow(Double($1), Self.theta) }
    let two = 1 + pow(0.5, Self.theta)
    eta = (1 - pow(2 / Double(count), 1 - Self.theta)) / (1 - two / zeta)
  }

  mutating func next() -> UInt32 {
    guard spread == .zipfian else { return UInt32.random(in: 0..<UInt32(count), using: &random) }
    let share = Double.random(in: 0..<1, using: &random)
    let place = share * zeta
    if place < 1 { return 0 }
    if place < 1 + pow(0.5, Self.theta) { return 1 }
    let rank = Double(count) * pow(eta * share - eta + 1, 1 / (1 - Self.theta))
    return UInt32(min(rank, Double(count - 1)))
  }

  mutating func next(_ count: Int) -> [UInt32] {
    (0..<count).map { _ in next() }
  }
}
