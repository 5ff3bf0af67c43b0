import Foundation
import JSONLines
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import ProveRegistryShell
import Testing

/// A registry in a folder of its own, and a shell on it; removed with the fixture.
final class RegistryShellFixture {
  let folder: String
  let registry: DeviceRegistry
  let session: RegistryShellSession

  init(_ policy: RegistryPolicy = .prove) async throws {
    let memory = "/dev/shm"  // these tests make many durable commits
    let root =
      FileManager.default.isWritableFile(atPath: memory)
      ? memory : FileManager.default.temporaryDirectory.path
    folder = root + "/registry-shell-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    let clock = RegistryShellClock()
    let store = try SQLiteRegistryStore.create(
      at: folder + "/registry.sqlite", unlock: .rawKey(RawKey.random()))
    registry = try await DeviceRegistry(
      store: store, scope: try RegistryScope(tenant: "shop", buildConfig: .usUAT), policy: policy,
      clock: clock.wallClock)
    session = RegistryShellSession(registry: registry, clock: clock)
  }

  deinit {
    // What is left behind lies in the system's temporary folder.
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// The answer to a line, which must be one line with exactly the members of an answer.
  func ask(_ line: String) async throws -> [String: Any] {
    let bytes = await session.answer(to: Array(line.utf8))
    try #require(!bytes.contains(0x0A), "an answer is one line (H2)")
    let object = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
    let answer = try #require(object)
    let isOK = answer["ok"] as? Bool == true
    #expect(Set(answer.keys) == ["id", "ok", isOK ? "result" : "error"])
    return answer
  }

  /// The result of a request that must succeed.
  @discardableResult
  func result(
    _ line: String, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> Any {
    let answer = try await ask(line)
    #expect(answer["ok"] as? Bool == true, "\(answer)", sourceLocation: sourceLocation)
    return answer["result"] ?? NSNull()
  }

  func object(
    _ line: String, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> [String: Any] {
    let result = try await result(line, sourceLocation: sourceLocation)
    return try #require(result as? [String: Any], sourceLocation: sourceLocation)
  }

  /// The name of the error of a request that must be refused.
  func refusal(_ line: String) async throws -> String? {
    (try await ask(line)["error"] as? [String: Any])?["name"] as? String
  }
}
