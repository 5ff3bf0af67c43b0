import Foundation
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import ProveKeyVault
import SQLiteDatabase
import Testing

/// A folder of its own for one test, removed with the fixture; and the key that locks its vaults.
final class VaultFixture: Sendable {
  let folder: String
  let key: RawKey
  let clock: TestClock

  init() throws {
    // In memory where the system offers it: these tests make thousands of durable commits.
    let memory = "/dev/shm"
    let root =
      FileManager.default.isWritableFile(atPath: memory)
      ? memory : FileManager.default.temporaryDirectory.path
    folder = root + "/vault-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    key = try RawKey.random()
    clock = TestClock()
  }

  deinit {
    // What is left behind lies in the system's temporary folder.
    try? FileManager.default.removeItem(atPath: folder)
  }

  var path: String { path("device.vault") }

  func path(_ name: String) -> String { folder + "/" + name }

  func open(_ name: String = "device.vault", mode: VaultMode = .exclusive) throws -> KeyVault {
    try KeyVault.open(
      at: path(name), unlock: .rawKey(key), mode: mode, clock: clock.wallClock)
  }

  /// What is on disk now, as a crash would leave it: database and log copied aside.
  func crashCopy(of name: String = "device.vault", to copy: String) throws {
    for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: path(name) + suffix) {
      try? FileManager.default.removeItem(atPath: path(copy) + suffix)  // none, the first time
      try FileManager.default.copyItem(atPath: path(name) + suffix, toPath: path(copy) + suffix)
    }
  }

  /// Runs SQL on a vault's file as someone with access to the disk would.
  func attack(
    _ name: String = "device.vault", _ body: (Connection) throws -> Void
  ) throws {
    let options = ConnectionOptions(access: .readWrite, locking: .normal)
    let connection = try DatabaseFile(path: path(name)).open(options)
    try body(connection)
    try connection.close()
  }

  func bytes(_ name: String = "device.vault") throws -> [UInt8] {
    // Not `Data(contentsOf:)`, which leaks when a file is empty.
    let file = try #require(FileHandle(forReadingAtPath: path(name)))
    return [UInt8](try file.readToEnd() ?? Data())
  }

  func write(_ bytes: [UInt8], to name: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path(name))
  }
}

/// A clock that moves one second at each reading.
final class TestClock: Sendable {
  private let time = Locked<Int64>(1_700_000_000_000)

  var wallClock: WallClock {
    WallClock { [time] in
      time.withLock { time in
        time += 1000
        return UTCInstant(millisecondsSinceEpoch: time)
      }
    }
  }

  func turnBack(milliseconds: Int64) {
    time.withLock { $0 -= milliseconds }
  }
}

func scope(
  _ origin: String = "https://shop.example", _ config: BuildConfig = .usUAT
) throws -> KeyScope {
  try KeyScope(buildConfig: config, origin: origin)
}

func deviceID(_ text: String) throws -> DeviceID { try DeviceID(validating: text) }

let challenge = [UInt8](0..<32)

/// Whether the server would accept the assertion as one of this key.
func verifies(_ assertion: KeyAssertion, of key: ProveKey, for challenge: [UInt8] = challenge)
  throws -> Bool
{
  let message = try KeyAssertion.signedBytes(
    challenge: challenge, deviceID: assertion.deviceID, counter: assertion.counter,
    vaultState: assertion.vaultState)
  return Ed25519.verify(
    assertion.signature.span, of: message.span, publicKey: key.publicKey.bytes.span)
}

/// Runs `body` and returns the vault's error, or nil when it succeeded.
func vaultError(_ body: () throws -> Void) throws -> VaultError? {
  do {
    try body()
    return nil
  } catch let error as VaultError {
    return error
  }
}

extension VaultFixture {
  /// Overwrites bytes of a file in place, as another process may.
  func overwrite(_ range: Range<Int>, with byte: UInt8, in name: String = "device.vault") throws {
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path(name)))
    try file.seek(toOffset: UInt64(range.lowerBound))
    try file.write(contentsOf: Data(repeating: byte, count: range.count))
    try file.close()
  }
}

extension VaultFixture {
  /// Removes a vault's file and its log, where they are.
  func remove(_ name: String) throws {
    for suffix in ["", "-wal", "-shm"] {
      let path = path(name) + suffix
      if FileManager.default.fileExists(atPath: path) {
        try FileManager.default.removeItem(atPath: path)
      }
    }
  }
}
