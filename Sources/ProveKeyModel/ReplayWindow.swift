/// Which signature counters of a key were used: the highest, and the 64 values under it.
///
/// Each value is accepted once, in any order within the window, so that two tabs may race.
/// Source: domain rule D3.
public struct ReplayWindow: Hashable, Sendable {
  /// The highest counter seen.
  public private(set) var highest: UInt64
  /// Bit n is set when `highest - 1 - n` was used.
  package private(set) var used: UInt64

  /// How many values under the highest are still told apart.
  public static let width: UInt64 = 64

  /// What a counter says when it is compared with the window.
  public enum Verdict: Hashable, Sendable {
    /// Higher than any seen.
    case higher
    /// Not the highest, in the window, and not used.
    case unused
    /// Used before.
    case used
    /// So far below the highest that it cannot be told whether it was used.
    case belowWindow
  }

  /// Begins with the first counter that a key has shown.
  public init(first counter: UInt64) {
    highest = counter
    used = 0
  }

  package init(highest: UInt64, used: UInt64) {
    self.highest = highest
    self.used = used
  }

  /// Compares a counter with the window, changing nothing.
  public func verdict(on counter: UInt64) -> Verdict {
    if counter > highest { return .higher }
    if counter == highest { return .used }
    let distance = highest - counter
    if distance > Self.width { return .belowWindow }
    return used & (1 << (distance - 1)) == 0 ? .unused : .used
  }

  /// Marks a counter as used; one below the window changes nothing.
  package mutating func note(_ counter: UInt64) {
    if counter > highest {
      let step = counter - highest
      // The old highest becomes the value `step` under the new one.
      used = step > Self.width ? 0 : ((used << 1 | 1) << (step - 1))
      highest = counter
    } else if counter < highest, highest - counter <= Self.width {
      used |= 1 << (highest - counter - 1)
    }
  }
}
