import Foundation
import ProveKeyPlatform
import ProveKeyVault
import Testing

/// Random operations on real databases and on sorted arrays, which must agree at every step (Q8).
@Suite("databases against a model")
struct DatabaseModelTests {
  /// Seeds: 8, or 300 with PROVE_KEY_STORE_LONG=1.
  private static let seeds: Range<UInt64> =
    0..<(ProcessInfo.processInfo.environment["PROVE_KEY_STORE_LONG"] == "1" ? 300 : 8)

  @Test(
    "every answer is the model's, through aborts, upgrades, reopening and rotation (Q8)",
    arguments: seeds)
  func random(seed: UInt64) throws {
    var generator = ModelGenerator(state: seed &+ 77)
    let operations = (0..<40).map { _ in ModelOperation.random(&generator) }
    guard let failure = try ModelRun.failure(of: operations) else { return }
    let shortest = try Self.shrink(operations)
    let text = shortest.map(\.text).joined(separator: "\n")
    Issue.record("seed \(seed): \(failure); shortest:\n\(text)")
  }

  /// Leaves out what is not needed for a failure, operations first, then steps.
  private static func shrink(_ operations: [ModelOperation]) throws -> [ModelOperation] {
    var best = operations
    var size = max(best.count / 2, 1)
    while true {
      var start = 0
      while start < best.count {
        var fewer = best
        fewer.removeSubrange(start..<min(start + size, fewer.count))
        if try ModelRun.failure(of: fewer) != nil { best = fewer } else { start += size }
      }
      if size == 1 { break }
      size /= 2
    }
    for place in best.indices {
      var step = 0
      while let fewer = best[place].without(step) {
        var shorter = best
        shorter[place] = fewer
        if try ModelRun.failure(of: shorter) != nil { best = shorter } else { step += 1 }
      }
    }
    return best
  }

  @Test("a failure is shrunk to the one operation that it needs")
  func shrinking() throws {
    // The model is made to forget what is put under one key.
    ModelRun.forgets.withLock { $0 = true }
    defer { ModelRun.forgets.withLock { $0 = false } }
    let spoiled = ModelStep.put(
      store: 0, value: .null, key: .string("forgotten"), overwriting: true)
    let whole = ModelSource(store: 0, index: nil)
    let operations: [ModelOperation] = [
      .reopen, .transaction([.clear(store: 1), spoiled, .count(whole, .all)], commits: true),
      .rotate, .transaction([.count(whole, .all)], commits: true),
    ]
    #expect(try ModelRun.failure(of: operations) != nil)
    let shortest = try Self.shrink(operations)
    #expect(shortest.count == 1)
    #expect(shortest.first?.text.contains("put") == true)
  }
}

// MARK: Random operations

extension ModelOperation {
  static func random(_ generator: inout ModelGenerator) -> ModelOperation {
    let steps = (0..<Int.random(in: 1...8, using: &generator)).map { _ in
      ModelStep.random(&generator)
    }
    let commits = Int.random(in: 0..<4, using: &generator) > 0
    switch Int.random(in: 0..<20, using: &generator) {
    case 0: return .reopen
    case 1: return .crash
    case 2: return .rotate
    case 3, 4:
      return .upgrade(steps, index: Int.random(in: 0..<4, using: &generator), commits: commits)
    default: return .transaction(steps, commits: commits)
    }
  }

  /// The operation without one of its steps; nil when it has no such step.
  func without(_ step: Int) -> ModelOperation? {
    switch self {
    case .transaction(var steps, let commits):
      guard steps.indices.contains(step) else { return nil }
      steps.remove(at: step)
      return .transaction(steps, commits: commits)
    case .upgrade(var steps, let index, let commits):
      guard steps.indices.contains(step) else { return nil }
      steps.remove(at: step)
      return .upgrade(steps, index: index, commits: commits)
    case .reopen, .crash, .rotate: return nil
    }
  }

  var text: String {
    switch self {
    case .transaction(let steps, let commits):
      "transaction(commits: \(commits))\n  " + steps.map(\.text).joined(separator: "\n  ")
    case .upgrade(let steps, let index, let commits):
      "upgrade(index: \(index), commits: \(commits))\n  "
        + steps.map(\.text).joined(separator: "\n  ")
    case .reopen: "reopen"
    case .crash: "crash"
    case .rotate: "rotate"
    }
  }
}

extension ModelStep {
  static func random(_ generator: inout ModelGenerator) -> ModelStep {
    let store = Int.random(in: 0..<3, using: &generator)
    let index = Int.random(in: 0..<3, using: &generator)
    let source = ModelSource(store: store, index: Bool.random(using: &generator) ? index : nil)
    let range = generator.range()
    switch Int.random(in: 0..<20, using: &generator) {
    case 0..<8:
      return .put(
        store: store, value: generator.value(),
        key: Int.random(in: 0..<3, using: &generator) > 0 ? generator.key() : nil,
        overwriting: Int.random(in: 0..<3, using: &generator) > 0)
    case 8: return .delete(store: store, range)
    case 9:
      // Rarely, or stores would always be small.
      return Int.random(in: 0..<3, using: &generator) == 0
        ? .clear(store: store) : .delete(store: store, .only(generator.key()))
    case 10: return .get(source, range)
    case 11: return .getKey(source, range)
    case 12: return .getAll(source, range, limit: Int.random(in: 0...3, using: &generator))
    case 13: return .getAllKeys(source, range, limit: Int.random(in: 0...3, using: &generator))
    case 14: return .count(source, range)
    default:
      let moves = (0..<Int.random(in: 1...8, using: &generator)).map { _ in generator.move() }
      let direction = DatabaseCursor.Direction.allCases.randomElement(using: &generator) ?? .next
      return .walk(source, range, direction, moves)
    }
  }

  var text: String {
    switch self {
    case .put(let store, let value, let key, let overwriting):
      "put(store: \(store), \(value.shown), key: \(key.map(\.shown) ?? "nil"), \(overwriting))"
    case .delete(let store, let range): "delete(store: \(store), \(range.shown))"
    case .clear(let store): "clear(store: \(store))"
    case .get(let source, let range): "get(\(source), \(range.shown))"
    case .getKey(let source, let range): "getKey(\(source), \(range.shown))"
    case .getAll(let source, let range, let limit): "getAll(\(source), \(range.shown), \(limit))"
    case .getAllKeys(let source, let range, let limit):
      "getAllKeys(\(source), \(range.shown), \(limit))"
    case .count(let source, let range): "count(\(source), \(range.shown))"
    case .walk(let source, let range, let direction, let moves):
      "walk(\(source), \(range.shown), \(direction), \(moves.map(\.text)))"
    }
  }
}

extension ModelMove {
  var text: String {
    switch self {
    case .advance(let count): "advance \(count)"
    case .to(let key): "to \(key.shown)"
    case .toPrimary(let key, let primary): "to \(key.shown), \(primary.shown)"
    case .update(let value): "update \(value.shown)"
    case .delete: "delete"
    }
  }
}

/// A small generator with a fixed seed, so that a failing sequence can be had again.
///
/// Source: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014.
struct ModelGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// Few different keys of all kinds, so that they meet again.
  mutating func key() -> DatabaseKey {
    switch Int.random(in: 0..<40, using: &self) {
    case 0: .number(.infinity)
    case 1: .number(-0.0)
    case 2: .number(0x1p53 - 1)
    case 3..<6: .date(Double.random(in: 0...2, using: &self).rounded())
    case 6..<12: .text([[0x61], [0x61, 0], [0xD800], []].randomElement(using: &self) ?? [])
    case 12..<15: .binary([UInt8.random(in: 0...2, using: &self)])
    case 15..<19: .array([.number(Double.random(in: 0...2, using: &self).rounded())])
    default: .number(Double(Int.random(in: -3...12, using: &self)) / 2)
    }
  }

  mutating func value() -> DatabaseValue {
    guard Int.random(in: 0..<12, using: &self) > 0 else { return .string("no object") }
    var object = DatabaseObject()
    for name in ["id", "a", "b"] where Int.random(in: 0..<4, using: &self) > 0 {
      if name == "id", Bool.random(using: &self) { continue }
      let members = (0..<3).map { _ in member() }
      object[name] = Int.random(in: 0..<3, using: &self) == 0 ? .array(members) : members[0]
    }
    return .object(object)
  }

  private mutating func member() -> DatabaseValue {
    Int.random(in: 0..<6, using: &self) == 0 ? .null : DatabaseValue(key())
  }

  mutating func range() -> DatabaseKeyRange {
    let (one, other) = (key(), key())
    let isOpen = Bool.random(using: &self)
    let isOtherOpen = Bool.random(using: &self)
    switch Int.random(in: 0..<6, using: &self) {
    case 0: return .only(one)
    case 1: return .lowerBound(one, open: isOpen)
    case 2: return .upperBound(one, open: isOpen)
    case 3:
      let (low, high) = (min(one, other), max(one, other))
      // Refused where both are equal and one is open: then all.
      return (try? .bound(low, high, lowerOpen: isOpen, upperOpen: isOtherOpen)) ?? .all
    default: return .all
    }
  }

  mutating func move() -> ModelMove {
    switch Int.random(in: 0..<12, using: &self) {
    case 0: .advance(Int.random(in: 2...3, using: &self))
    case 1: .to(key())
    case 2: .toPrimary(key(), key())
    case 3: .update(value())
    case 4: .delete
    default: .advance(1)
    }
  }
}

// MARK: Showing what descriptions hide

extension DatabaseKey {
  var shown: String {
    switch self {
    case .number(let number): "\(number == 0 ? 0 : number)"
    case .date(let milliseconds): "date \(milliseconds)"
    case .text(let units): "text \(units)"
    case .binary(let bytes): "binary \(bytes)"
    case .array(let keys): "[" + keys.map(\.shown).joined(separator: ", ") + "]"
    }
  }
}

extension DatabaseValue {
  var shown: String {
    switch self {
    case .object(let object):
      "{"
        + object.members.map { "\(String(decoding: $0.name, as: UTF16.self)): \($0.value.shown)" }
        .joined(separator: ", ") + "}"
    case .array(let values): "[" + values.map(\.shown).joined(separator: ", ") + "]"
    case .number(let number): "\(number)"
    default: DatabaseKey(self)?.shown ?? "\(self)"
    }
  }
}

extension DatabaseKeyRange {
  var shown: String {
    "\(lowerOpen ? "(" : "[")\(lower?.shown ?? "") .. \(upper?.shown ?? "")\(upperOpen ? ")" : "]")"
  }
}
