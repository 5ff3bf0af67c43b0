import CampaignSupport
import Foundation
import ProveKeyModel
import ProveKeySealing
import ProveKeyVault
import Testing

/// Campaign Q2: the power is cut at every sync of a vault's life.
///
/// One run of a vault's life is recorded write by write; then the disk as a power cut
/// at each sync would have left it is built, and a plain vault is opened on it.
///
/// Not recorded, since they do not go through SQLite: the making of the empty file, which is synced
/// with its folder before SQLite sees it; anchors, key files and the overwriting of a destroyed vault.
@Suite("power cuts")
struct PowerCutTests {
  let fixture: VaultFixture
  let secrets: [RawKey]

  init() throws {
    fixture = try VaultFixture()
    secrets = try [RawKey.random(), RawKey.random()]
  }

  /// A life, with the number of disk events at each acknowledgement.
  private struct Recording {
    var events: [DiskEvent] = []
    /// The state after each number of acknowledged steps, the first one of no vault.
    var states = [VaultLife.State()]
    var epochs: [[UInt32]] = [[1]]
    var acknowledged: [Int] = []
    var counters: [(at: Int, key: PublicKey, value: UInt64)] = []
  }

  private func record(_ mode: VaultMode) throws -> Recording {
    let path = fixture.path("recorded")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    let folder = try FaultFolder(path, records: true)
    let life = VaultLife(
      path: path + "/device.vault", secrets: secrets, clock: fixture.clock.wallClock,
      mode: mode)
    var recording = Recording()
    life.gaveOut = { recording.counters.append((folder.eventCount, $0, $1)) }
    for step in VaultLife.steps {
      try step.run(life)
      recording.acknowledged.append(folder.eventCount)
      let isOpen = life.vault != nil
      let last = try #require(recording.states.last)
      recording.states.append(isOpen ? try life.state() : last)
      recording.epochs.append(
        try life.vault?.info().epochs ?? #require(recording.epochs.last))
    }
    recording.events = folder.events
    return recording
  }

  @Test(
    "a power cut at any sync loses nothing acknowledged, whatever it did to unsynced writes (V1, V10)",
    arguments: [VaultMode.exclusive, .shared])
  func everySync(mode: VaultMode) async throws {
    let recording = try record(mode)
    let tally = try await PowerCuts.atEverySync(of: recording.events) { files, count, place in
      try check(files, at: count, recording, place)
    }
    #expect(tally.syncs > 40)
    #expect(tally.images > tally.syncs * 3)
    if Campaign.isLong { print("power cuts, \(mode): \(tally)") }
  }

  /// Opens the files as a cut after `count` events left them.
  private func check(
    _ files: [String: [UInt8]], at count: Int, _ recording: Recording, _ place: String
  ) throws {
    try fixture.remove("device.vault")
    for (name, bytes) in files { try fixture.write(bytes, to: name) }
    let steps = recording.acknowledged.count { $0 <= count }
    let life = VaultLife(path: fixture.path, secrets: secrets, clock: fixture.clock.wallClock)
    let error = try vaultError { try life.open() }
    let step = steps < VaultLife.steps.count ? VaultLife.steps[steps].name : "end"
    let comment = Comment(rawValue: "\(place), in step \(step)")
    guard error == nil, let vault = life.vault else {
      Issue.record("does not open: \(String(describing: error)), \(comment)")
      return
    }
    #expect(try vault.verify().isSound, comment)
    let state = try life.state()
    let allowed = recording.states[steps...min(steps + 1, recording.states.count - 1)]
    #expect(allowed.contains(state), comment)
    let epochs = try vault.info().epochs
    if step != "rotate", step != "rotate again and retire" {
      #expect(epochs == recording.epochs[steps], comment)
    }
    for key in state.keys {
      let last = recording.counters.filter { $0.at <= count && $0.key == key.publicKey }
      let assertion = try vault.sign(challenge, with: key)
      #expect(try verifies(assertion, of: key), comment)
      #expect(try #require(assertion.counter) > last.map(\.value).max() ?? 0, comment)
    }
    try life.close()
  }
}
