import CProveKeyStore
import Foundation
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeySealing
import ProveKeyStoreC
import ProveKeyVault

/// What a call through the C library costs over the same call in Swift (figure S12).
///
/// `CallCost [COUNT]` interleaves the two, seven rounds of COUNT calls each, and prints the median
/// of a call in nanoseconds: Swift, C, and what C adds.
@main
struct CallCost {
  static func main() async throws {
    let count = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 20_000
    let folder = NSTemporaryDirectory() + "call-cost-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let stage = try await Stage(folder)

    var key = pks_key()
    key.size = UInt32(MemoryLayout<pks_key>.size)
    try compare(
      "look-up of a key", count, swift: { _ = try stage.vault.key(stage.id) },
      c: { pks_vault_key(stage.vaultHandle, stage.text, &key, nil) })

    let challenge = [UInt8](repeating: 7, count: 40)
    var assertion = [UInt8](repeating: 0, count: Int(PKS_ASSERTION_SIZE))
    var length = 0
    try compare(
      "signature", count / 10,
      swift: { _ = try stage.vault.sign(challenge, with: stage.id).encoded },
      c: {
        pks_vault_sign(
          stage.vaultHandle, stage.text, challenge, challenge.count, &assertion, assertion.count,
          &length, nil)
      })

    var value = [CChar](repeating: 0, count: 64)
    try compare(
      "value of localStorage", count, swift: { _ = try stage.storage.getItem("theme") },
      c: { pks_storage_get(stage.storageHandle, "theme", 5, &value, value.count, &length, nil) })

    var registration = pks_registration()
    registration.size = UInt32(MemoryLayout<pks_registration>.size)
    let (registry, id) = (stage.registry, stage.id)
    try await compareAsync(
      "look-up in the registry", count, swift: { _ = try await registry.registration(id) },
      c: { pks_registry_resolve(stage.registryHandle, stage.text, &registration, nil) })
  }

  private static func compare(
    _ name: String, _ count: Int, swift: () throws -> Void, c: () -> pks_status
  ) throws {
    var (left, right): ([Double], [Double]) = ([], [])
    let clock = ContinuousClock()
    for _ in 0..<7 {
      left.append(try clock.measure { for _ in 0..<count { try swift() } } / .nanoseconds(count))
      right.append(clock.measure { for _ in 0..<count { require(c()) } } / .nanoseconds(count))
    }
    report(name, left, right)
  }

  private nonisolated(nonsending) static func compareAsync(
    _ name: String, _ count: Int, swift: @Sendable () async throws -> Void, c: () -> pks_status
  ) async throws {
    var (left, right): ([Double], [Double]) = ([], [])
    let clock = ContinuousClock()
    for _ in 0..<7 {
      let start = clock.now
      for _ in 0..<count { try await swift() }
      left.append((clock.now - start) / .nanoseconds(count))
      right.append(clock.measure { for _ in 0..<count { require(c()) } } / .nanoseconds(count))
    }
    report(name, left, right)
  }

  private static func report(_ name: String, _ left: [Double], _ right: [Double]) {
    let (swift, c) = (left.sorted()[3], right.sorted()[3])
    print("\(name): Swift \(Int(swift)) ns, C \(Int(c)) ns, adds \(Int(c - swift)) ns")
  }

  private static func require(_ status: pks_status) {
    precondition(status == 0, "a call failed: \(status)")
  }
}

/// The same device twice: a vault and a registry opened in Swift, and others of the same content
/// behind handles.
private struct Stage {
  let id: DeviceID
  let text: String
  let vault: KeyVault
  let storage: LocalStorage
  let registry: DeviceRegistry
  var vaultHandle: pks_vault = 0
  var storageHandle: pks_storage = 0
  var registryHandle: pks_registry = 0

  init(_ folder: String) async throws {
    let secret = [UInt8](repeating: 5, count: 32)
    let unlock = UnlockMethod.rawKey(try RawKey(secret.span))
    let scope = try KeyScope(buildConfig: .usUAT, origin: "https://shop.example")
    let registryScope = try RegistryScope(tenant: "shop", buildConfig: .usUAT)
    vault = try KeyVault.open(at: folder + "/swift.vault", unlock: unlock)
    let key = try vault.placeKey(in: scope)
    id = key.deviceID
    text = id.rawValue
    storage = try vault.localStorage(for: scope.origin)
    try storage.setItem("theme", "dark")
    let store = try SQLiteRegistryStore(at: folder + "/registry.sqlite", unlock: unlock)
    registry = try await DeviceRegistry(store: store, scope: registryScope)
    let challenge = registry.issueChallenge()
    let offer = try vault.offer(key, for: challenge.bytes)
    try await registry.place(offer, for: challenge, on: .web)
    // The vault's copy has the same keys and items; the registry's file is shared.
    _ = try vault.backup(to: folder + "/c.vault")
    secret.withUnsafeBytes { secret in
      var unlock = pks_unlock()
      unlock.size = UInt32(MemoryLayout<pks_unlock>.size)
      unlock.method = PKS_METHOD_RAW_KEY.rawValue
      unlock.secret = secret.baseAddress
      unlock.secret_length = secret.count
      var status = pks_vault_open(folder + "/c.vault", &unlock, nil, &vaultHandle, nil)
      precondition(status == 0)
      status = pks_storage_open(vaultHandle, scope.origin, -1, &storageHandle, nil)
      precondition(status == 0)
      withUnsafePointer(to: unlock) { unlock in
        "sqlite:\(folder)/registry.sqlite".withCString { store in
          "shop".withCString { tenant in
            var options = pks_registry_options()
            options.size = UInt32(MemoryLayout<pks_registry_options>.size)
            options.store = store
            options.unlock = unlock
            options.tenant = tenant
            options.build_config = PKS_US_UAT.rawValue
            options.mode = PKS_SHARED.rawValue
            status = pks_registry_open(&options, &registryHandle, nil)
          }
        }
      }
      precondition(status == 0)
    }
  }
}
