import Foundation
import ProveKeyVault
import Testing

/// Random operations on real vaults and on dictionaries, which must agree at every step.
@Suite("localStorage against a model")
struct LocalStorageModelTests {
  private static let quota = 60

  /// What one origin holds, as simply as it can be said.
  private struct Model {
    var items: [[UInt16]: [UInt16]] = [:]

    var used: Int { items.reduce(0) { $0 + $1.key.count + $1.value.count } }

    /// Returns false for what the quota forbids.
    mutating func set(_ key: [UInt16], _ value: [UInt16]) -> Bool {
      var after = self
      after.items[key] = value
      guard after.used <= max(LocalStorageModelTests.quota, used) else { return false }
      self = after
      return true
    }
  }

  private static let origins = ["https://a.example", "https://b.example"]

  /// Seeds: 6, or 200 with PROVE_KEY_STORE_LONG=1.
  private static let seeds: Range<UInt64> =
    0..<(ProcessInfo.processInfo.environment["PROVE_KEY_STORE_LONG"] == "1" ? 200 : 6)

  @Test("answers are the model's after every operation and reopening", arguments: seeds)
  func random(seed: UInt64) throws {
    let fixture = try VaultFixture()
    var generator = Generator(state: seed)
    // Odd seeds: two vault objects in shared mode take turns on one file.
    let mode: VaultMode = seed.isMultiple(of: 2) ? .exclusive : .shared
    let vaultCount = mode == .shared ? 2 : 1
    var models = Self.origins.map { _ in Model() }
    var vaults = try (0..<vaultCount).map { _ in try fixture.open(mode: mode) }

    for step in 0..<250 {
      let at = "seed \(seed), step \(step)"
      let vault = vaults[Int.random(in: 0..<vaultCount, using: &generator)]
      let which = Int.random(in: 0..<2, using: &generator)
      let storage = try vault.localStorage(
        for: Self.origins[which], quotaCodeUnits: Self.quota)
      let key = units(upTo: 3, &generator)
      switch Int.random(in: 0..<20, using: &generator) {
      case 0..<9:
        let value = units(upTo: 12, &generator)
        let isAllowed = models[which].set(key, value)
        let error = try vaultError { try storage.setItem(key, value) }
        #expect(error == (isAllowed ? nil : .quotaExceeded), "\(at)")
      case 9..<14:
        try storage.removeItem(key)
        models[which].items[key] = nil
      case 14:
        try storage.clear()
        models[which].items = [:]
      case 15, 16:
        let order = try storage.allKeysCodeUnits()
        let index = Int.random(in: 0...max(order.count, 1), using: &generator)
        #expect(
          try storage.keyCodeUnits(at: index) == (index < order.count ? order[index] : nil),
          "\(at)")
      case 17:
        let orders = try Self.origins.map { try vault.localStorage(for: $0).allKeysCodeUnits() }
        for vault in vaults { try vault.close() }
        vaults = try (0..<vaultCount).map { _ in try fixture.open(mode: mode) }
        for (origin, order) in zip(Self.origins, orders) {
          #expect(
            try vaults[0].localStorage(for: origin).allKeysCodeUnits() == order, "\(at)")
        }
      case 18:
        // What a crash would leave now is as good.
        try fixture.crashCopy(to: "crashed.vault")
        let crashed = try fixture.open("crashed.vault")
        try compare(crashed, models, at + ", after a crash")
        #expect(try crashed.verify().isSound, "\(at)")
        try crashed.close()
        try fixture.remove("crashed.vault")
      default:
        #expect(try storage.getItem(key) == models[which].items[key], "\(at)")
      }
      try compare(vaults[Int.random(in: 0..<vaultCount, using: &generator)], models, at)
    }
    #expect(try vaults[0].verify().isSound)
  }

  private func compare(_ vault: KeyVault, _ models: [Model], _ at: String) throws {
    for (origin, model) in zip(Self.origins, models) {
      let storage = try vault.localStorage(for: origin)
      #expect(try storage.count == model.items.count, "\(at)")
      #expect(try storage.usedCodeUnits == model.used, "\(at)")
      let keys = try storage.allKeysCodeUnits()
      #expect(keys.count == model.items.count, "\(at)")
      #expect(Set(keys) == Set(model.items.keys), "\(at)")
      for (key, value) in model.items {
        #expect(try storage.getItem(key) == value, "\(at)")
      }
    }
  }

  /// Few different units, so that keys meet again.
  private func units(upTo count: Int, _ generator: inout Generator) -> [UInt16] {
    let alphabet: [UInt16] = [0, 0x61, 0xD83D, 0xDE00]
    return (0..<Int.random(in: 0...count, using: &generator)).map { _ in
      alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
    }
  }
}

/// A small generator with a fixed seed, so that a failing sequence can be had again.
///
/// Source: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014.
private struct Generator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
