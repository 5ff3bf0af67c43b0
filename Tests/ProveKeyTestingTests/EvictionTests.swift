import Foundation
import ProveKeyModel
import ProveKeySealing
import ProveKeyTesting
import ProveKeyVault
import Testing

@Suite("a simulated eviction")
struct EvictionTests {
  @Test("all keys and items of the origin are gone, and those of another stay")
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
    }
    let configs = BuildConfig.allCases.count
    let eviction = try EvictionSimulator.evict(gone, from: vault)
    #expect(eviction.keys == 2 * configs && eviction.items == 1)
    #expect(try vault.info().keys == 2 * configs)
    #expect(try vault.localStorage(for: gone).count == 0)
    #expect(try vault.localStorage(for: kept).count == 1)
    #expect(try vault.verify().isSound)
    #expect(try EvictionSimulator.evict(gone, from: vault).keys == 0)
    #expect(throws: VaultError.invalidOrigin) { try EvictionSimulator.evict("", from: vault) }
  }
}
