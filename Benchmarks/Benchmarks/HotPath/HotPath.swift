import Foundation
import ProveKeyModel
import ProveKeySealing
import ProveKeyVault

/// One piece of hot work, repeated: for counting instructions and looking at where they go.
///
/// `HotPath WORK COUNT` does the work so many times and prints the median time of a call over five
/// rounds, by the clock and by the processors. With `HOTPATH_ONCE` set it does one round and prints
/// nothing: under callgrind, two such runs with different counts give the instructions of one call,
/// since what is done once falls out of the difference.
@main
struct HotPath {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 3, let work = Work(rawValue: arguments[1]),
      let count = Int(arguments[2]), count > 0
    else {
      let names = Work.allCases.map(\.rawValue).joined(separator: "|")
      FileHandle.standardError.write(Data("usage: HotPath \(names) COUNT\n".utf8))
      exit(2)
    }
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let perform = try work.prepare(in: folder.path, count: count)
    if ProcessInfo.processInfo.environment["HOTPATH_ONCE"] != nil {
      try perform()
      return
    }
    var rounds: [(wall: Double, processor: Double)] = []
    for _ in 0..<5 {
      let before = clock()
      let wall = try ContinuousClock().measure(perform) / .nanoseconds(1)
      rounds.append((wall, Double(clock() - before) * 1e9 / Double(CLOCKS_PER_SEC)))
    }
    let units = Double(count * work.unitsPerCall)
    let wall = rounds.map(\.wall).sorted()[2] / units
    let processor = rounds.map(\.processor).sorted()[2] / units
    print("\(work.rawValue) \(Int(wall.rounded())) ns, processor \(Int(processor.rounded())) ns")
  }
}

/// The pieces of work.
enum Work: String, CaseIterable {
  /// A look-up by deviceId that memory answers.
  case lookUp
  /// A look-up by deviceId that goes to SQLite: more keys are asked for in turn than are kept.
  case coldLookUp
  /// A signature through the vault.
  case sign
  /// The same signature by libsodium alone.
  case bareSign
  /// Opening a vault of 100 keys with a raw key, and closing it.
  case open
  /// Verifying a vault of 9,000 keys, two records each, by the record.
  case verifyKeys
  /// Verifying a vault of 18,009 small items of localStorage, by the record.
  case verifyItems

  /// What a call is divided by.
  var unitsPerCall: Int { self == .verifyKeys || self == .verifyItems ? 18_010 : 1 }

  /// Makes what the work needs and returns the work itself.
  func prepare(in folder: String, count: Int) throws -> () throws -> Void {
    let path = folder + "/hot.vault"
    let unlock = UnlockMethod.rawKey(try RawKey.random())
    let scope = try KeyScope(buildConfig: .usUAT, origin: "https://shop.example")
    let challenge = [UInt8](repeating: 7, count: 40)
    switch self {
    case .lookUp:
      let vault = try KeyVault.open(at: path, unlock: unlock)
      let ids = try place(100, in: vault, scope)
      for id in ids { _ = try vault.key(id) }
      return {
        for index in 0..<count { try require(try vault.key(ids[index % 100]) != nil) }
      }
    case .coldLookUp:
      // 12 scopes of 900 keys: beyond what is kept decoded.
      let vault = try KeyVault.open(at: path, unlock: unlock)
      var ids: [DeviceID] = []
      for number in 0..<12 {
        ids += try place(
          900, in: vault, try KeyScope(buildConfig: .usUAT, origin: "https://\(number).example"))
      }
      return {
        for index in 0..<count {
          try require(try vault.key(ids[(index * 7919) % ids.count]) != nil)
        }
      }
    case .sign:
      let vault = try KeyVault.open(at: path, unlock: unlock)
      let id = try place(1, in: vault, scope)[0]
      return {
        for _ in 0..<count {
          try require(try vault.sign(challenge, with: id).signature.count == 64)
        }
      }
    case .bareSign:
      let key = try Ed25519.signingKey(ofSeed: try Ed25519.makeSeed())
      let message = [UInt8](repeating: 7, count: 180)
      return {
        for _ in 0..<count { try require(Ed25519.sign(message.span, with: key).count == 64) }
      }
    case .open:
      let vault = try KeyVault.open(at: path, unlock: unlock)
      _ = try place(100, in: vault, scope)
      try vault.close()
      return {
        for _ in 0..<count { try KeyVault.openExisting(at: path, unlock: unlock).close() }
      }
    case .verifyKeys:
      let vault = try KeyVault.open(at: path, unlock: unlock)
      for number in 0..<10 {
        _ = try place(
          900, in: vault, try KeyScope(buildConfig: .usUAT, origin: "https://\(number).example"))
      }
      return { for _ in 0..<count { try require(try vault.verify().records == 18_010) } }
    case .verifyItems:
      let vault = try KeyVault.open(at: path, unlock: unlock)
      let storage = try vault.localStorage(for: scope.origin)
      for number in 0..<18_009 { try storage.setItem("key \(number)", "value") }
      return { for _ in 0..<count { try require(try vault.verify().records == 18_010) } }
    }
  }

  private func place(
    _ count: Int, in vault: KeyVault, _ scope: KeyScope
  ) throws -> [DeviceID] {
    try (0..<count).map { _ in
      try vault.confirmKey(try vault.placeKey(in: scope).deviceID, in: scope).deviceID
    }
  }

  private func require(_ isRight: Bool) throws {
    if !isRight { throw Failure() }
  }
}

/// The work did not do what it should.
struct Failure: Error {}

/// A folder of its own that is removed afterwards.
struct TemporaryFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "hot-path-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  func remove() {
    // What cannot be removed is the system's to tidy: the figures are printed by then.
    try? FileManager.default.removeItem(atPath: path)
  }
}
