import Foundation

/// How far the long campaigns go: short by default, whole with PROVE_KEY_STORE_LONG=1.
enum Campaign {
  static let isLong = ProcessInfo.processInfo.environment["PROVE_KEY_STORE_LONG"] == "1"

  /// `1...count` whole, or about `sample` of it in even steps, first and last included.
  static func numbers(upTo count: Int, sample: Int) -> [Int] {
    guard !isLong, count > sample else { return Array(1...max(count, 1)) }
    let numbers = (0..<sample).map { 1 + $0 * (count - 1) / (sample - 1) }
    return Array(Set(numbers)).sorted()
  }
}

/// A generator whose sequence is the same for the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}
