import CampaignSupport
import Foundation
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import StoreTestSupport
import Testing

@testable import ProveDeviceRegistry

@Suite("A registry's backup", .inTurn)
struct RegistryBackupTests {
  @Test(
    "a copy is a registry of its own with all that was there, and its file is the owner's alone")
  func copy() async throws {
    let world = try await World()
    try await world.registry.generate(.init(count: 600, seed: 1, until: .start))
    let path = world.folder.file("copy.sqlite")
    var told: [Int] = []
    let report = try await world.sqlite.backup(to: path, pageCount: 16) { done, total in
      #expect(done <= total)
      told.append(done)
    }
    #expect(report.registrations == 600 && report.events == 600 && report.byteCount > 100_000)
    #expect(told.count > 10)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    let names = try FileManager.default.contentsOfDirectory(atPath: world.folder.path)
    #expect(names.filter { $0.hasPrefix("copy") } == ["copy.sqlite"], "nothing lies beside it")
    let store = try SQLiteRegistryStore.openExisting(at: path, unlock: world.unlock)
    let registry = try await DeviceRegistry(store: store, scope: .shop)
    #expect(try await registry.verify().problems == [])
    try await registry.close()
  }

  @Test("others write while the copy is made, and it is one state: the one at its end")
  func whileWriting() async throws {
    let world = try await World()
    try await world.registry.generate(.init(count: 500, seed: 1, until: .start))
    let path = world.folder.file("copy.sqlite")
    let (store, registry) = (try world.sqlite, world.registry)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        try await registry.generate(.init(count: 1_500, seed: 2, until: .start))
      }
      group.addTask {
        let report = try await store.backup(to: path, pageCount: 4) { _, _ in }
        #expect(report.registrations >= 500)
        #expect(report.registrations == report.events, "each came with its event")
      }
      try await group.waitForAll()
    }
    #expect(try await registry.statistics().events == 2_000)
  }

  @Test("nothing is overwritten, and a damaged registry leaves no copy")
  func refused() async throws {
    let world = try await World()
    try await world.registry.generate(.init(count: 50, seed: 1, until: .start))
    let path = world.folder.file("copy.sqlite")
    try Data().write(to: URL(fileURLWithPath: path))
    await #expect(throws: RegistryError.store(.alreadyExists)) {
      try await world.sqlite.backup(to: path)
    }
    try FileManager.default.removeItem(atPath: path)
    try await world.tamper("UPDATE registration SET last_active_day = last_active_day + 1")
    await #expect(throws: RegistryError.store(.corrupt)) {
      try await world.sqlite.backup(to: path)
    }
    #expect(!DurableFile(path: path).isThere)
  }
}
