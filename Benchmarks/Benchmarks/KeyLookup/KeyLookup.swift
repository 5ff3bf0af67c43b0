import Benchmark
import Foundation
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeySealing
import ProveKeyVault

// Look-up of keys, the hot path of both stores. Absolute times are context only: compare rows of
// one run with each other, and with `Ed25519.sign`, which is libsodium alone.

/// A folder of files that lives as long as the process.
let folder: String = {
  let path = NSTemporaryDirectory() + "key-lookup-" + UUID().uuidString
  try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  return path
}()

let benchmarks: @Sendable () -> Void = {
  Benchmark.defaultConfiguration = .init(
    metrics: [.wallClock, .throughput], scalingFactor: .kilo, maxDuration: .seconds(2))

  Benchmark("Vault.key") { benchmark in
    let (vault, keys) = try sampleVault(named: "key", keyCount: 100)
    benchmark.startMeasurement()
    for index in benchmark.scaledIterations {
      blackHole(try vault.key(keys[index % keys.count]))
    }
    benchmark.stopMeasurement()
    try vault.close()
  }

  Benchmark("Vault.sign") { benchmark in
    let (vault, keys) = try sampleVault(named: "sign", keyCount: 1)
    let challenge = [UInt8](repeating: 7, count: 40)
    benchmark.startMeasurement()
    for _ in benchmark.scaledIterations {
      blackHole(try vault.sign(challenge, with: keys[0]))
    }
    benchmark.stopMeasurement()
    try vault.close()
  }

  Benchmark("Ed25519.sign") { benchmark in
    let seed = try Ed25519.makeSeed()
    let key = try Ed25519.signingKey(ofSeed: seed)
    let message = [UInt8](repeating: 7, count: 180)
    benchmark.startMeasurement()
    for _ in benchmark.scaledIterations {
      blackHole(Ed25519.sign(message.span, with: key))
    }
    benchmark.stopMeasurement()
  }

  Benchmark("Registry.registration") { benchmark in
    let (registry, ids) = try await sampleRegistry(named: "resolve", count: 1000)
    benchmark.startMeasurement()
    for index in benchmark.scaledIterations {
      blackHole(try await registry.registration(ids[(index * 7919) % ids.count]))
    }
    benchmark.stopMeasurement()
    try await registry.close()
  }

  Benchmark("KeyRules.decide") { benchmark in
    let (facts, request, now) = try sampleFacts()
    benchmark.startMeasurement()
    for _ in benchmark.scaledIterations {
      blackHole(KeyRules.decide(request, facts: facts, policy: .prove, now: now))
    }
    benchmark.stopMeasurement()
  }
}

/// A new vault with so many placed keys.
func sampleVault(named name: String, keyCount: Int) throws -> (KeyVault, [DeviceID]) {
  let path = folder + "/" + name + UUID().uuidString + ".vault"
  let vault = try KeyVault.open(at: path, unlock: .rawKey(try RawKey.random()))
  let scope = try KeyScope(buildConfig: .usUAT, origin: "https://shop.example")
  var ids: [DeviceID] = []
  for _ in 0..<keyCount {
    let key = try vault.placeKey(in: scope)
    ids.append(try vault.confirmKey(key.deviceID, in: scope).deviceID)
  }
  return (vault, ids)
}

/// A new registry with so many placed registrations.
func sampleRegistry(named name: String, count: Int) async throws -> (DeviceRegistry, [DeviceID]) {
  let path = folder + "/" + name + UUID().uuidString + ".sqlite"
  let store = try SQLiteRegistryStore(at: path, unlock: .rawKey(try RawKey.random()))
  let registry = try await DeviceRegistry(
    store: store, scope: try RegistryScope(tenant: "bench", buildConfig: .usUAT))
  let vault = try KeyVault.open(
    at: path + ".vault", unlock: .rawKey(try RawKey.random()))
  let scope = try KeyScope(buildConfig: .usUAT, origin: "https://shop.example")
  let ids = try await withThrowingTaskGroup(of: DeviceID.self) { group in
    for _ in 0..<count {
      let key = try vault.placeKey(in: scope)
      let challenge = registry.issueChallenge()
      let offer = try vault.offer(key, for: challenge.bytes)
      _ = try vault.confirmKey(key.deviceID, in: scope)
      group.addTask {
        try await registry.place(offer, for: challenge, on: .mobile).deviceID
      }
    }
    var ids: [DeviceID] = []
    for try await id in group { ids.append(id) }
    return ids
  }
  try vault.close()
  return (registry, ids)
}

/// A bound key presented with the number it is bound to.
func sampleFacts() throws -> (KeyFacts, KeyRequest, UTCInstant) {
  let now = UTCInstant(millisecondsSinceEpoch: 1_800_000_000_000)
  let number = try PhoneNumber("2001004014")
  let publicKey = try PublicKey(algorithm: .ed25519, bytes: [UInt8](repeating: 1, count: 32))
  let key = try KeyRegistration(
    placing: publicKey, as: try DeviceID(validating: "sample"), on: .mobile, at: now
  ).bound(to: number, proveID: nil, at: now)
  return (
    KeyFacts(presented: .registered(key, .fresh)),
    KeyRequest(channel: .mobile, phoneNumber: number), now
  )
}
