import CampaignSupport
import Foundation
import ProveKeySealing
import StoreTestSupport
import Testing

@testable import ProveDeviceRegistry

/// Campaign Q2: the power is cut at every sync of a registry's life.
///
/// One life is recorded write by write; then the disk as a power cut at each sync
/// would have left it is built, and the registry is opened on it.
///
/// Not recorded, since they do not go through SQLite: the making of the empty files, which are synced
/// with their folder before SQLite sees them.
@Suite("A registry whose power is cut", .inTurn)
struct PowerCutTests {
  @Test(
    "at any sync has lost nothing acknowledged, whatever became of unsynced writes (G1, G7)",
    arguments: [SQLiteStoreOptions.Mode.shared, .exclusive])
  func everySync(mode: SQLiteStoreOptions.Mode) async throws {
    let folder = try TemporaryFolder()
    let (recorded, cut) = (folder.file("recorded"), folder.file("cut"))
    for path in [recorded, cut] {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }
    let watched = try FaultFolder(recorded, records: true)
    let key = UnlockMethod.rawKey(try RawKey.random())
    let life = try RegistryLife(in: recorded, unlock: key, mode: mode) { watched.eventCount }
    try await life.run()
    let outlines = LifeCheck.outlines(of: life)
    let tally = try await PowerCuts.atEverySync(of: watched.events) { files, count, place in
      try Campaign.removeAll(in: cut)
      for (name, bytes) in files {
        let file = cut + "/" + name
        try Data(bytes).write(to: URL(filePath: file))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
      }
      try await LifeCheck(
        life: life, folder: cut, outlines: outlines, count: count, place: place)()
    }
    #expect(tally.syncs > 20)
    #expect(tally.images > tally.syncs * 3)
    if Campaign.isLong { print("registry, \(mode), power cuts: \(tally)") }
  }
}
