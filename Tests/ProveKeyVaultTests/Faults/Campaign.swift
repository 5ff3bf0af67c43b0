import Foundation

/// How far the long campaigns go: short by default, whole with PROVE_KEY_STORE_LONG=1.
enum Campaign {
  static let isLong = ProcessInfo.processInfo.environment["PROVE_KEY_STORE_LONG"] == "1"

  /// How many rounds of something that is random anyway.
  static func rounds(short: Int, long: Int) -> Int {
    let asked = ProcessInfo.processInfo.environment["PROVE_KEY_STORE_ROUNDS"]
    return asked.flatMap(Int.init) ?? (isLong ? long : short)
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
