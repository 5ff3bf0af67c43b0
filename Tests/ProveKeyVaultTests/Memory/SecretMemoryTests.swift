import Foundation
import ProveKeyModel
import ProveKeyPlatform
import Testing

@testable import ProveKeySealing
@testable import ProveKeyVault

/// Campaign Q6: what a core dump, and the files, of a process with an open vault hold.
///
/// Another process opens a vault, places keys, signs, looks up and stores items. While it waits, its
/// memory is read as a core dump would hold it. Origins, ids and stored items are in it: an open
/// vault keeps them decoded, as the documentation says.
@Suite(
  "secrets in memory and files",
  .enabled(if: !ProcessMemory.isSanitized, "a sanitizer's shadow memory is too large to search"))
struct SecretMemoryTests {
  let fixture: VaultFixture
  let passphrase: [UInt8]
  /// Something that is no secret and has to be found.
  let marker: [UInt8]

  init() throws {
    fixture = try VaultFixture()
    passphrase = Array(Base64URL.encode(SecureRandom.bytes(36)).utf8)
    marker = SecureRandom.bytes(32)
    try fixture.write(passphrase, to: "passphrase")
    try fixture.write(marker, to: "marker")
    for name in ["ready", "go"] { try #require(unsafe mkfifo(fixture.path(name), 0o600) == 0) }
  }

  @Test("no private key, root key, data key or passphrase is in what a core dump would hold")
  func dump() async throws {
    let onlooker = Onlooker(at: fixture) { process in
      (try ProcessMemory(of: process), try filesOf(process))
    }
    await #expect(processExitsWith: .success) { [folder = fixture.folder as String] in
      try liveAndWait(in: folder)
    }
    let (memory, files) = try onlooker.result()
    // The search finds what is there.
    for needle in [marker, Array(firstOrigin.utf8)] {
      let isThere = ByteSearch.finds(needle, in: memory.dumped)
      #expect(isThere)
    }
    for secret in try secrets() {
      try refuse(secret, in: memory.dumped)
      let isHeld = ByteSearch.finds(secret.bytes, in: memory.kept)
      #expect(isHeld == secret.isHeld, "\(secret.name)")
    }
    try checkFiles(files)
  }

  @Test(
    "a core dump that a debugger wrote has neither private key, root key nor passphrase",
    .enabled(if: CoreDump.isThere, "needs gcore of the package gdb"))
  func core() async throws {
    let path = fixture.path("core")
    let onlooker = Onlooker(at: fixture) { process in try CoreDump.write(process, to: path) }
    await #expect(processExitsWith: .success) { [folder = fixture.folder as String] in
      try liveAndWait(in: folder)
    }
    let core = [try fixture.bytes(try onlooker.result())]
    let isThere = ByteSearch.finds(marker, in: core)
    #expect(isThere)
    for secret in try secrets() { try refuse(secret, in: core) }
  }

  /// Not in one expression: a failure would print all that was searched.
  private func refuse(_ secret: Secret, in parts: [[UInt8]]) throws {
    let isFound = ByteSearch.findsPart(of: secret.bytes, in: parts)
    #expect(!isFound, "\(secret.name)")
  }

  /// What must not be found.
  private struct Secret {
    let name: String
    let bytes: [UInt8]
    /// Whether the process has it in guarded memory while it waits.
    var isHeld = true
  }

  /// The content of all files that the process has open or that lie in the folder.
  private func filesOf(_ process: pid_t) throws -> [(name: String, bytes: [UInt8])] {
    let notTheirs: Set = ["passphrase", "marker", "ready", "go"]
    var files: [(String, [UInt8])] = []
    for name in try FileManager.default.contentsOfDirectory(atPath: fixture.folder)
    where !notTheirs.contains(name) {
      files.append((name, try fixture.bytes(name)))
    }
    // A temporary file has no name any more.
    for name in try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd") {
      let link = "/proc/\(process)/fd/" + name
      let target = (try? FileManager.default.destinationOfSymbolicLink(atPath: link)) ?? ""
      guard target.hasSuffix("(deleted)") else { continue }
      let file = try #require(FileHandle(forReadingAtPath: link))
      files.append((target, [UInt8](try file.readToEnd() ?? Data())))
    }
    return files
  }

  private func checkFiles(_ files: [(name: String, bytes: [UInt8])]) throws {
    let names = files.map(\.name)
    for name in ["device.vault", "device.vault-wal", "copy.vault"] {
      #expect(names.contains(name))
    }
    let bytes = files.map(\.bytes)
    let isThere = ByteSearch.finds(Array("PKSHEAD1".utf8), in: bytes)
    #expect(isThere)
    for secret in try secrets() { try refuse(secret, in: bytes) }
    for text in [firstOrigin, "first-device-of-all", "storage-key-name", "storage-value-text"] {
      let units = Array(text.utf16)
      for needle in [
        Array(text.utf8), units.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] },
        units.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] },
      ] {
        let isFound = ByteSearch.finds(needle, in: bytes)
        #expect(!isFound, "\(text)")
      }
    }
  }

  /// Read from the vault that the other process has left.
  private func secrets() throws -> [Secret] {
    let vault = try openVault(fixture.folder, passphrase)
    var secrets = [Secret(name: "passphrase", bytes: passphrase, isHeld: false)]
    let keys = try vault.withRing { ring throws(VaultError) in ring.store.keys }
    for key in KeyHierarchy.Key.allCases {
      let bytes = keys.hierarchy.withKey(key) { $0.copied }
      secrets.append(Secret(name: "\(key)", bytes: bytes))
    }
    for epoch in keys.sealedEpochs {
      let box = try keys.epochs.withLock { table in try table.key(for: epoch.epoch) }
      secrets.append(Secret(name: "data key", bytes: box.bytes.withBytes { $0.copied }))
    }
    for origin in [firstOrigin, secondOrigin] {
      for key in try vault.keys(in: scope(origin)) {
        let ticket = try vault.withRing { ring throws(VaultError) in try ring.ticket(for: key) }
        guard case .vault(let signing) = ticket.hold else { continue }
        let seed = signing.bytes.withBytes { $0.copied }.prefix(Ed25519.seedCount)
        secrets.append(Secret(name: "seed", bytes: Array(seed)))
      }
    }
    #expect(secrets.count == 1 + 6 + 1 + 3)
    return secrets
  }
}

private let firstOrigin = "https://first-shop-of-all.example"
private let secondOrigin = "https://second-shop-of-all.example"

/// A core dump as gdb writes it: with what the kernel would put into its own.
///
/// The kernel's own cannot be had here: swift-testing switches it off for the processes it starts.
enum CoreDump {
  private static let program = "/usr/bin/gcore"

  static var isThere: Bool { FileManager.default.isExecutableFile(atPath: program) }

  /// - Returns: the file's name.
  static func write(_ process: pid_t, to path: String) throws -> String {
    let gdb = Process()
    gdb.executableURL = URL(fileURLWithPath: program)
    gdb.arguments = ["-o", path, "\(process)"]
    gdb.standardOutput = FileHandle.nullDevice
    gdb.standardError = FileHandle.nullDevice
    try gdb.run()
    gdb.waitUntilExit()
    try #require(gdb.terminationStatus == 0)
    return "core.\(process)"
  }
}

private func openVault(_ folder: String, _ passphrase: [UInt8]) throws -> KeyVault {
  let cost = try #require(PassphraseCost(memoryBytes: 8 << 20, passes: 1))
  return try KeyVault.open(
    at: folder + "/device.vault",
    unlock: .passphrase(Passphrase(utf8: passphrase.span), cost: cost))
}

/// Reads a small file without leaving a second copy of it in this process's memory.
private func readOnce(_ path: String, into bytes: inout [UInt8]) throws {
  let descriptor = unsafe open(path, O_RDONLY)
  try #require(descriptor >= 0)
  let count = unsafe read(descriptor, &bytes, bytes.count)
  try #require(count == bytes.count)
  close(descriptor)
}

/// The life of the process that is looked into.
///
/// Nothing here may leave a secret in ordinary memory.
private func liveAndWait(in folder: String) throws {
  // Should the one that reads be gone, this process does not wait for ever.
  alarm(120)
  var marker = [UInt8](repeating: 0, count: 32)
  try readOnce(folder + "/marker", into: &marker)
  var passphrase = [UInt8](repeating: 0, count: 48)
  try readOnce(folder + "/passphrase", into: &passphrase)
  let vault = try openVault(folder, passphrase)
  unsafe explicit_bzero(&passphrase, passphrase.count)

  let first = try scope(firstOrigin)
  let second = try scope(secondOrigin)
  let placed = try vault.confirmKey(
    vault.placeKey(in: first, as: deviceID("first-device-of-all")).deviceID, in: first)
  let pending = try vault.placeKey(in: first)
  let other = try vault.confirmKey(vault.placeKey(in: second).deviceID, in: second)
  for key in [placed, pending, other] {
    for _ in 0..<3 { #expect(try verifies(vault.sign(challenge, with: key), of: key)) }
    #expect(try vault.key(key.deviceID) == key)
  }
  let storage = try vault.localStorage(for: firstOrigin)
  try storage.setItem("storage-key-name", "storage-value-text")
  #expect(try storage.getItem("storage-key-name") == "storage-value-text")
  try vault.rotate()
  // Every key's seed is unsealed anew, as after a restart.
  for key in [placed, pending, other] {
    for _ in 0..<70 { _ = try vault.sign(challenge, with: key) }
  }
  try vault.backup(to: folder + "/copy.vault")
  #expect(try vault.verify().isSound)

  let ready = unsafe open(folder + "/ready", O_WRONLY)
  var number = getpid()
  try #require(unsafe write(ready, &number, MemoryLayout<pid_t>.size) > 0)
  close(ready)
  let go = unsafe open(folder + "/go", O_RDONLY)
  var answer: UInt8 = 0
  try #require(unsafe read(go, &answer, 1) == 1)
  try vault.close()
  #expect(marker.contains { $0 != 0 })
}
