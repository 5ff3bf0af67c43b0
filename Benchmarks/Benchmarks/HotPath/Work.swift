import ProveKeyModel
import ProveKeySealing
@_spi(Measuring) import ProveKeyVault

/// The pieces of work.
enum Work: String, CaseIterable {
  /// A look-up by deviceId that memory answers.
  case lookUp
  /// A look-up by deviceId that goes to SQLite: more keys are asked for in turn than are kept.
  case coldLookUp
  /// The same whatever the number of keys: what is kept is passed over.
  case fileLookUp
  /// A signature through the vault.
  case sign
  /// The same signature by libsodium alone.
  case bareSign
  /// Opening a vault with a raw key, and closing it.
  case open
  /// Verifying a vault of keys, two records each, by the record.
  case verifyKeys
  /// Verifying a vault of 18,009 small items of localStorage, by the record.
  case verifyItems
  /// A decision on a presented key, from facts in hand; this and the next ones use no vault.
  case decide
  /// A decision that asks for possession and says what follows.
  case decidePlan
  /// A decision on the one of a hundred candidates that has the number.
  case decideOne
  /// A decision on a hundred candidates that have the number.
  case decideMany

  /// The keys of the vault that the work makes for itself.
  var keyCount: Int {
    switch self {
    case .lookUp, .open: 100
    case .coldLookUp, .fileLookUp: 10_800
    case .sign, .bareSign, .verifyItems, .decide, .decidePlan, .decideOne, .decideMany: 1
    case .verifyKeys: 9_000
    }
  }

  /// Whether several processors share the work: then the time by the clock counts.
  var isShared: Bool { self == .verifyKeys || self == .verifyItems }

  /// What the time of `count` calls is divided by.
  func units(_ count: Int) -> Double {
    switch self {
    // Two records a key, and one a scope of 500.
    case .verifyKeys: Double(count) * 18_018
    // The items, one record of what they add up to, and a key's two and its scope's one.
    case .verifyItems: Double(count) * 18_013
    default: Double(count)
    }
  }

  /// Makes what the work needs beside the vault, and returns the work itself.
  func prepare(_ sample: SampleVault, count: Int) throws -> () throws -> Void {
    let (path, unlock, ids) = (sample.path, try sample.unlock, try sample.ids)
    let challenge = [UInt8](repeating: 7, count: 40)
    switch self {
    case .lookUp:
      let vault = try KeyVault.openExisting(at: path, unlock: unlock)
      for id in ids { _ = try vault.key(id) }
      return {
        for index in 0..<count { try require(try vault.key(ids[index % ids.count]) != nil) }
      }
    case .coldLookUp:
      let vault = try KeyVault.openExisting(at: path, unlock: unlock)
      return {
        for index in 0..<count {
          try require(try vault.key(ids[(index * 7919) % ids.count]) != nil)
        }
      }
    case .fileLookUp:
      let vault = try KeyVault.openExisting(at: path, unlock: unlock)
      for id in ids { _ = try vault.keyFromFile(id) }
      return {
        for index in 0..<count {
          try require(try vault.keyFromFile(ids[(index * 7919) % ids.count]) != nil)
        }
      }
    case .sign:
      let vault = try KeyVault.openExisting(at: path, unlock: unlock)
      return {
        for _ in 0..<count {
          try require(try vault.sign(challenge, with: ids[0]).signature.count == 64)
        }
      }
    case .bareSign:
      let key = try Ed25519.signingKey(ofSeed: try Ed25519.makeSeed())
      let message = [UInt8](repeating: 7, count: 180)
      return {
        for _ in 0..<count { try require(Ed25519.sign(message.span, with: key).count == 64) }
      }
    case .open:
      return {
        for _ in 0..<count { try KeyVault.openExisting(at: path, unlock: unlock).close() }
      }
    case .verifyKeys, .verifyItems:
      let vault = try KeyVault.openExisting(at: path, unlock: unlock)
      if self == .verifyItems {
        let storage = try vault.localStorage(for: try SampleVault.scope.origin)
        for number in 0..<18_009 { try storage.setItem("key \(number)", "value") }
      }
      let records = Int(units(1))
      return { for _ in 0..<count { try require(try vault.verify().records == records) } }
    case .decide: return try repeating(try Decisions.presented(), count)
    case .decidePlan: return try repeating(try Decisions.planned(), count)
    case .decideOne: return try repeating(try Decisions.candidates(isOneFitting: true), count)
    case .decideMany: return try repeating(try Decisions.candidates(isOneFitting: false), count)
    }
  }

  private func repeating(_ decisions: Decisions, _ count: Int) throws -> () throws -> Void {
    { try require(decisions.perform(count)) }
  }

  private func require(_ isRight: Bool) throws {
    if !isRight { throw Failure() }
  }
}
