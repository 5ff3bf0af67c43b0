import PostgresTestSupport
import ProveDeviceRegistryPostgres
import ProveKeySealing
import ProveKeyTesting
import Testing

@Suite("The registry store in PostgreSQL")
struct ConformanceTests {
  @Test(
    "keeps the contract of a registry store", arguments: RegistryStoreConformance.Property.allCases)
  func conforms(property: RegistryStoreConformance.Property) async throws {
    let finding = await RegistryStoreConformance.finding(on: property) {
      let server = try PostgresServer.shared.get()
      let address = server.address(database: try server.freshDatabase())
      let key = try RawKey.random()
      return .init { try await PostgresRegistryStore.open(address, unlock: .rawKey(key)) }
    }
    #expect(finding.failure == nil, "\(finding)")
  }
}
