import Foundation
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeySealing
import ProveKeyVault
import Testing

/// The README's examples stand, compiled, in the files beside this one, and run here.
struct ReadmeTests {
  private static let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

  private func text(_ path: String) throws -> String {
    try String(contentsOf: Self.here.appendingPathComponent(path), encoding: .utf8)
  }

  /// The Swift examples of a document.
  private func examples(in document: String) -> [String] {
    document.components(separatedBy: "```swift\n").dropFirst().compactMap {
      $0.components(separatedBy: "```").first
    }
  }

  /// Lines without what indents them, and without empty ones.
  private func lines(_ text: String) -> [String] {
    text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty }
  }

  @Test("each example of the README stands line by line in a file that is compiled")
  func compiled() throws {
    let readme = examples(in: try text("../../README.md"))
    #expect(readme.count == 2)
    let files = try text("ClientExample.swift") + text("ServerExample.swift")
    expect(readme, in: files)
  }

  @Test("each example of docs/testing.md stands line by line in a file that is compiled")
  func testing() throws {
    let page = examples(in: try text("../../docs/testing.md"))
    #expect(page.count == 3)
    expect(page, in: try text("TestingExample.swift"))
  }

  /// Expects the lines of each example to stand in a file's text, in their order.
  private func expect(_ examples: [String], in text: String) {
    let compiled = lines(text)
    for example in examples {
      var position = compiled.startIndex
      for line in lines(example) {
        guard let next = compiled[position...].firstIndex(of: line) else {
          Issue.record("not compiled: \(line)")
          return
        }
        position = next + 1
      }
    }
  }

  @Test("both examples run: a key is placed, bound after possession, and then is enough")
  func run() async throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("example-tests-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
    try KeyFile.create(at: path("registry.key"))
    let registry = try await openExample(
      path: path("registry.sqlite"), keyPath: path("registry.key"))
    let server = RegistryServer(registry: registry)

    let (first, challenge) = try await clientExample(path: path("device.vault"), server: server)
    let placed = try #require(try await registry.registration(first.deviceID))
    #expect(placed.state == .placed)
    let bound = try await decideExample(
      registry: registry, assertion: first, challenge: challenge,
      device: BindingDevice(registry: registry, path: path("other.vault")))
    #expect(bound?.binding?.phoneNumber == (try PhoneNumber("2001004014")))

    let (second, again) = try await clientExample(path: path("device.vault"), server: server)
    #expect(second.deviceID == first.deviceID, "the key is still there")
    let authenticated = try await decideExample(
      registry: registry, assertion: second, challenge: again,
      device: BindingDevice(registry: registry, path: path("other.vault")))
    #expect(authenticated?.deviceID == first.deviceID)

    try await registry.revoke(first.deviceID)
    let (third, last) = try await clientExample(path: path("device.vault"), server: server)
    await #expect {
      try await decideExample(
        registry: registry, assertion: third, challenge: last,
        device: BindingDevice(registry: registry, path: path("other.vault")))
    } throws: { ($0 as? Refused)?.code == 8019 }
    try await registry.close()
    try FileManager.default.removeItem(at: folder)
  }
}

/// The server that the client example registers at.
private struct RegistryServer: ExampleServer {
  let registry: DeviceRegistry

  func challenge() async throws -> Challenge { registry.issueChallenge() }

  func register(_ newKey: NewKey, for challenge: Challenge) async throws {
    try await registry.place(newKey, for: challenge, on: .mobile)
  }
}

/// The device that the server example talks to: possession of the number is proven, and a key is at
/// hand where one is wanted.
private struct BindingDevice: ExampleDevice {
  let registry: DeviceRegistry
  let path: String

  func offerKey(as deviceID: DeviceID?) async throws -> (NewKey, Challenge) {
    let vault = try KeyVault.open(at: path, unlock: .passphrase("another horse"))
    let scope = try KeyScope(buildConfig: .usUAT, origin: "https://shop.example")
    let challenge = registry.issueChallenge()
    let key = try vault.placeKey(in: scope, as: deviceID)
    let newKey = try vault.offer(key, for: challenge.bytes)
    try vault.close()
    return (newKey, challenge)
  }

  func provePossession(because reason: PossessionReason) async throws -> PhoneNumber {
    try PhoneNumber("2001004014")
  }
}
