import CampaignSupport
import Foundation
import ProveDeviceRegistry
import ProveKeySealing
package import ProveKeyTesting

/// A kind of store that tests are run on.
package struct StoreFactory: Sendable, CustomStringConvertible {
  /// The kind's name.
  package let description: String
  /// Names an empty store of the kind.
  package let make: @Sendable () async throws -> RegistryStoreConformance.Subject

  /// Describes a kind of store.
  package init(
    _ description: String,
    make: @escaping @Sendable () async throws -> RegistryStoreConformance.Subject
  ) {
    self.description = description
    self.make = make
  }

  /// What the conformance suite finds on a new store of this kind; at length in the long form.
  package func finding(
    on property: RegistryStoreConformance.Property
  ) async -> ConformanceReport<RegistryStoreConformance.Property>.Finding {
    await RegistryStoreConformance.finding(
      on: property, effort: TestLength.isLong ? .full : .quick, make)
  }

  /// The kinds that are in this package without a server.
  package static let all = [sqlite, sqliteAlone, memory, hostile]

  /// A file in a folder of its own.
  package static let sqlite = sqlite("SQLite", .shared)

  /// The same, of which nobody else has a handle.
  package static let sqliteAlone = sqlite("SQLite, exclusive", .exclusive)

  private static func sqlite(
    _ description: String, _ mode: SQLiteStoreOptions.Mode
  ) -> StoreFactory {
    StoreFactory(description) {
      let folder = try TemporaryFolder()
      let unlock = UnlockMethod.rawKey(try RawKey.random())
      return .init {
        try SQLiteRegistryStore(
          at: folder.file("registry.sqlite"), unlock: unlock, options: .init(mode: mode))
      }
    }
  }

  /// Nothing but memory.
  package static let memory = StoreFactory("memory") {
    let store = try InMemoryRegistryStore()
    return .init { InMemoryRegistryStore(sharing: store) }
  }

  /// Memory behind a store that hinders, as a registry gets over it.
  package static let hostile = StoreFactory("hostile") {
    let store = try InMemoryRegistryStore()
    return .init {
      let handle = InMemoryRegistryStore(sharing: store)
      return RetryingStore(HostileStore(handle, plan: .surmountable, seed: 1))
    }
  }
}

/// How long tests may take.
package enum TestLength: Sendable {
  /// Whether `PROVE_KEY_STORE_LONG=1` asks for the long form.
  package static let isLong = Campaign.isLong
}

/// A folder of a test's own, removed with everything in it when the test lets go of it.
package final class TemporaryFolder: Sendable {
  /// Where it is.
  package let path: String

  /// Makes the folder, for its owner only.
  package init() throws {
    path = FileManager.default.temporaryDirectory
      .appending(path: "prove-registry-\(UUID().uuidString)", directoryHint: .notDirectory)
      .path(percentEncoded: false)
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  deinit {
    // A folder that stays behind harms no test.
    try? FileManager.default.removeItem(atPath: path)
  }

  /// The path of a file in it.
  package func file(_ name: String) -> String { path + "/" + name }
}
