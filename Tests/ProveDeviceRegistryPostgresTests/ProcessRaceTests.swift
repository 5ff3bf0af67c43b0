import Foundation
import PostgresTestSupport
import ProveKeySealing
import StoreTestSupport
import Testing

@testable import ProveDeviceRegistryPostgres

/// Q11 between two processes on one server.
@Suite("Two processes on one registry in PostgreSQL")
struct ProcessRaceTests {
  @Test("of what excludes each other exactly one takes effect, and a revocation always does")
  func races() async throws {
    let folder = try TemporaryFolder()
    let server = try PostgresServer.shared.get()
    let address =
      "postgresql://postgres@127.0.0.1:\(server.port)/\(try server.freshDatabase())"
    let key = folder.file("registry.key")
    try KeyFile.create(at: key)
    let store = try await PostgresRegistryStore.create(address, unlock: .keyFile(key))
    try await store.close()
    let races = try ProcessRaces(["--store", address, "--key-file", key])
    try races.run(rounds: TestLength.isLong ? 200 : 8)
    #expect(races.problems == [])
    #expect(races.wins.reduce(0, +) > 0)
  }
}
