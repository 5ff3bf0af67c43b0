import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import ProveKeyVault
import Testing

/// The life of one vault as a script: all that a vault can do, in steps that can be repeated.
final class VaultLife {
  /// One acknowledged piece of work.
  struct Step: Sendable {
    let name: String
    /// Whether it is several transactions, each of which leaves the content as it was.
    var isLong = false
    let run: @Sendable (VaultLife) throws -> Void
  }

  let path: String
  let secrets: [RawKey]
  let clock: WallClock
  let mode: VaultMode
  private(set) var vault: KeyVault?
  private(set) var secret = 0
  /// Is told of each counter value that was given out.
  var gaveOut: (PublicKey, UInt64) -> Void = { _, _ in }

  init(path: String, secrets: [RawKey], clock: WallClock, mode: VaultMode = .exclusive) {
    self.mode = mode
    self.path = path
    self.secrets = secrets
    self.clock = clock
  }

  /// What anyone can see of the vault.
  struct State: Equatable {
    var keys: [ProveKey] = []
    var items: [String: String] = [:]
    var secret = 0

    /// The same for two vaults that have had the same life with other random keys.
    var outline: Outline {
      Outline(
        keys: keys.map { "\($0.deviceID.rawValue) \($0.scope.origin) \($0.state)" }.sorted(),
        items: items, secret: secret)
    }
  }

  struct Outline: Equatable {
    var keys: [String]
    var items: [String: String]
    var secret: Int
  }

  static let origins = ["https://shop.example", "https://bank.example"]
  static let storageOrigin = "https://storage.example"

  static func state(of vault: KeyVault, secret: Int) throws -> State {
    var state = State(secret: secret)
    for origin in origins {
      let found = try vault.keys(in: scope(origin))
      for key in found { #expect(try vault.key(key.deviceID)?.scope == key.scope) }
      state.keys += found
    }
    let storage = try vault.localStorage(for: storageOrigin)
    for index in 0..<(try storage.count) {
      let key = try #require(try storage.key(at: index))
      state.items[key] = try storage.getItem(key)
    }
    return state
  }

  func state() throws -> State {
    guard let vault else { throw VaultError.closed }
    return try Self.state(of: vault, secret: secret)
  }

  /// Opens the vault with whichever of the secrets it has.
  func open() throws {
    do throws(VaultError) {
      vault = try KeyVault.open(
        at: path, unlock: .rawKey(secrets[secret]), mode: mode, clock: clock)
    } catch .wrongKey {
      vault = try KeyVault.open(
        at: path, unlock: .rawKey(secrets[1 - secret]), mode: mode, clock: clock)
      secret = 1 - secret
    }
  }

  func close() throws {
    let open = vault
    vault = nil
    try open?.close()
  }

  private func using(_ body: (KeyVault) throws -> Void) throws {
    if vault == nil { try open() }
    try body(#require(vault))
  }

  private func sign(_ id: String, times: Int = 1) throws {
    try using { vault in
      let key = try #require(try vault.key(deviceID(id)))
      for _ in 0..<times {
        let assertion = try vault.sign(challenge, with: key.deviceID)
        #expect(try verifies(assertion, of: key))
        gaveOut(key.publicKey, try #require(assertion.counter))
      }
    }
  }

  // MARK: The script

  private static func place(_ id: String, in origin: String) -> Step {
    Step(name: "place \(id)") { life in
      try life.using { vault in
        // Repeated after it has happened, it finds the key placed or pending.
        _ = try vault.placeKey(in: scope(origin), as: deviceID(id))
      }
    }
  }

  private static func confirm(_ id: String, in origin: String) -> Step {
    Step(name: "confirm \(id)") { life in
      try life.using { try $0.confirmKey(deviceID(id), in: scope(origin)) }
    }
  }

  private static func sign(_ id: String, times: Int = 1) -> Step {
    Step(name: "sign \(times) times with \(id)", isLong: true) { try $0.sign(id, times: times) }
  }

  private static func store(
    _ name: String, _ body: @escaping @Sendable (LocalStorage) throws -> Void
  ) -> Step {
    Step(name: name) { life in
      try life.using { try body($0.localStorage(for: storageOrigin)) }
    }
  }

  private static func vault(
    _ name: String, isLong: Bool = false, _ body: @escaping @Sendable (KeyVault) throws -> Void
  ) -> Step {
    Step(name: name, isLong: isLong) { try $0.using(body) }
  }

  static let steps: [Step] = [
    Step(name: "create") { try $0.using { _ in } },
    place("a", in: origins[0]),
    confirm("a", in: origins[0]),
    sign("a", times: 3),
    place("b", in: origins[0]),
    sign("b"),
    confirm("b", in: origins[0]),
    sign("a", times: 70),
    store("first item") { try $0.setItem("theme", "dark") },
    store("long item") { try $0.setItem("text", String(repeating: "long ", count: 3000)) },
    store("change item") { try $0.setItem("theme", "light") },
    place("c", in: origins[1]),
    vault("discard c") { vault in
      if let key = try vault.pendingKey(in: scope(origins[1])) { try vault.discardPendingKey(key) }
    },
    Step(name: "rewrap") { life in
      try life.using { vault in
        try vault.rewrap(unlock: .rawKey(life.secrets[1]))
        life.secret = 1
      }
    },
    vault("rotate", isLong: true) { try $0.rotate() },
    sign("b", times: 2),
    store("remove item") { try $0.removeItem("text") },
    vault("remove b") { try $0.removeKey(deviceID("b")) },
    vault("compact", isLong: true) { try $0.compact() },
    place("a", in: origins[0]),
    sign("a"),
    confirm("a", in: origins[0]),
    Step(name: "reopen", isLong: true) { life in
      try life.close()
      try life.open()
    },
    sign("a"),
    store("clear") { try $0.clear() },
    store("item again") { try $0.setItem("theme", "last") },
    vault("rotate again and retire", isLong: true) { vault in
      try vault.rotate()
      let info = try vault.info()
      if info.epoch > 1 { try vault.retire(epoch: info.epoch - 1) }
    },
    sign("a"),
    Step(name: "close", isLong: true) { try $0.close() },
  ]
}
