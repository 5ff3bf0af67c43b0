import Foundation
import ProveKeyModel
import ProveKeySealing
import ProveKeyTesting
import ProveKeyVault
import Testing

@Suite("a simulated eviction")
struct EvictionTests {
  @Test("all keys, items and databases of the origin are gone, and those of another stay")
  func evicts() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/eviction-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer {
      // What is left behind lies in the system's temporary folder.
      try? FileManager.default.removeItem(atPath: folder)
    }
    let vault = try KeyVault.create(
      at: folder + "/device.vault", unlock: .rawKey(try RawKey.random()))
    let (gone, kept) = ("https://gone.example", "https://kept.example")
    for origin in [gone, kept] {
      for config in BuildConfig.allCases {
        let scope = try KeyScope(buildConfig: config, origin: origin)
        try vault.confirmKey(vault.placeKey(in: scope).deviceID, in: scope)
        _ = try vault.placeKey(in: scope)
      }
      try vault.localStorage(for: origin).setItem("visitor", "v-1")
      for name in ["one", "two"] {
        let database = try vault.database(name, for: origin, version: 1) { upgrade in
          try upgrade.createStore("devices", autoIncrement: true)
        }
        try database.write("devices") { transaction in _ = try transaction.put(.string("row")) }
      }
    }
    let configs = BuildConfig.allCases.count
    let eviction = try EvictionSimulator.evict(gone, from: vault)
    #expect(eviction.keys == 2 * configs && eviction.items == 1 && eviction.databases == 2)
    #expect(try vault.databases(for: gone).isEmpty)
    #expect(try vault.databases(for: kept).map(\.name) == ["one", "two"].map { Array($0.utf16) })
    #expect(try vault.info().keys == 2 * configs)
    #expect(try vault.localStorage(for: gone).count == 0)
    #expect(try vault.localStorage(for: kept).count == 1)
    #expect(try vault.verify().isSound)
    #expect(try EvictionSimulator.evict(gone, from: vault).keys == 0)
    #expect(throws: VaultError.invalidOrigin) { try EvictionSimulator.evict("", from: vault) }
  }
}
