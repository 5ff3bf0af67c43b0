import CampaignSupport
import ProveDeviceRegistry
import ProveKeyTesting
import StoreTestSupport
import Testing

/// The contract of `RegistryStore`, for every store that needs no server.
@Suite("A registry store", .inTurn)
struct StoreConformanceTests {
  @Test(
    "conforms", arguments: StoreFactory.all, RegistryStoreConformance.Property.allCases)
  func conforms(factory: StoreFactory, property: RegistryStoreConformance.Property) async {
    // Of a file that is taken alone there is one handle at a time.
    if factory.description == StoreFactory.sqliteAlone.description, property == .otherHandlesRead {
      return
    }
    let finding = await factory.finding(on: property)
    #expect(finding.failure == nil, "\(property.statement)")
  }
}
