import ProveKeyModel
import Testing

/// The window against a model that keeps every counter it was shown.
struct ReplayWindowTests {
  private struct Model {
    var seen: Set<UInt64>
    var highest: UInt64

    func verdict(on counter: UInt64) -> ReplayWindow.Verdict {
      if counter > highest { return .higher }
      if highest - counter > 64 { return .belowWindow }
      return seen.contains(counter) ? .used : .unused
    }

    mutating func note(_ counter: UInt64) {
      // What fell out of the window before it was used is not remembered by the window either.
      if verdict(on: counter) != .belowWindow { seen.insert(counter) }
      highest = max(highest, counter)
    }
  }

  @Test("the first counter is used, those above are higher, the 64 below unused, then none")
  func first() {
    let window = ReplayWindow(first: 100)
    #expect(window.verdict(on: 101) == .higher)
    #expect(window.verdict(on: 100) == .used)
    #expect(window.verdict(on: 99) == .unused)
    #expect(window.verdict(on: 36) == .unused)
    #expect(window.verdict(on: 35) == .belowWindow)
    #expect(window.verdict(on: 0) == .belowWindow)
  }

  @Test("a counter that was the highest is remembered exactly 64 below the new one, not 65")
  func edge() {
    var window = ReplayWindow(first: 100)
    window.note(164)
    #expect(window.verdict(on: 100) == .used)
    #expect(window.verdict(on: 101) == .unused)
    #expect(window.verdict(on: 99) == .belowWindow)
    window = ReplayWindow(first: 100)
    window.note(165)
    #expect(window.verdict(on: 100) == .belowWindow)
    #expect((101...164).allSatisfy { window.verdict(on: $0) == .unused })
    #expect(window.used == 0)
  }

  @Test("the value 64 below is accepted once, and a step of one pushes it out")
  func lowest() {
    var window = ReplayWindow(first: 100)
    window.note(36)
    #expect(window.verdict(on: 36) == .used)
    #expect(window.verdict(on: 37) == .unused)
    window.note(101)
    #expect(window.verdict(on: 36) == .belowWindow)
    #expect(window.verdict(on: 37) == .unused)
    #expect(window.verdict(on: 100) == .used)
  }

  @Test("noting what is used or below the window changes nothing")
  func idempotent() {
    var window = ReplayWindow(first: 100)
    window.note(90)
    let before = window
    for counter: UInt64 in [100, 90, 35, 0] {
      window.note(counter)
      #expect(window == before)
    }
  }

  @Test("the least and the greatest counters are counters too")
  func extremes() {
    var window = ReplayWindow(first: 0)
    #expect(window.verdict(on: 0) == .used)
    window.note(.max)
    #expect(window.verdict(on: .max) == .used)
    #expect(window.verdict(on: .max - 64) == .unused)
    #expect(window.verdict(on: .max - 65) == .belowWindow)
    #expect(window.verdict(on: 0) == .belowWindow)
    window.note(.max - 64)
    #expect(window.verdict(on: .max - 64) == .used)
  }

  @Test(
    "random counters get the verdicts that remembering all of them would give", arguments: 1...20)
  func random(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    let start = UInt64.random(in: 0...200, using: &generator)
    var window = ReplayWindow(first: start)
    var model = Model(seen: [start], highest: start)
    var wrong: [String] = []
    for step in 0..<3000 {
      let counter = Self.counter(around: model.highest, &generator)
      if window.verdict(on: counter) != model.verdict(on: counter) {
        wrong.append("step \(step): counter \(counter), highest \(model.highest)")
      }
      guard Bool.random(using: &generator) else { continue }
      window.note(counter)
      model.note(counter)
      if window.highest != model.highest { wrong.append("step \(step): highest") }
      // Everything in and around the window agrees, not only the counter just tried.
      guard step.isMultiple(of: 50) else { continue }
      for near in model.highest.within(70) where window.verdict(on: near) != model.verdict(on: near)
      {
        wrong.append("step \(step): \(near) near highest \(model.highest)")
      }
    }
    #expect(wrong == [])
  }

  /// Mostly near the highest, sometimes exactly 63 to 66 off, now and then far away.
  private static func counter(
    around highest: UInt64, _ generator: inout SplitMix64
  ) -> UInt64 {
    let far = UInt64.random(in: 1...1_000_000, using: &generator)
    let edge = UInt64.random(in: 63...66, using: &generator)
    let near = UInt64.random(in: 0...80, using: &generator)
    return switch Int.random(in: 0..<20, using: &generator) {
    case 0: highest + far
    case 1: highest - min(far, highest)
    case 2: highest + edge
    case 3...5: highest - min(edge, highest)
    case 6...9: highest + near % 4
    default: highest - min(near, highest)
    }
  }
}

extension UInt64 {
  fileprivate func within(_ distance: UInt64) -> ClosedRange<UInt64> {
    (self - Swift.min(distance, self))...(self + distance)
  }
}
