import Foundation
import Hummingbird
import NIOCore
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeySealing
import ProveUnify
import ShopDevice
import Testing

@testable import UnifyServer

/// `docs/integration.md`, run: a server, its back end and a device, each over HTTP on the loopback.
@Suite("The examples of the integration guide", .timeLimit(.minutes(1)))
struct EndToEndTests {
  private let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("integration-" + UUID().uuidString)

  private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  @Test("a device enrols by a code, then its key is enough; revoked, it is refused")
  func wholeLife() async throws {
    let phone = Phone()
    try await withServer(phone) { backEnd, address in
      let vaultKey = try RawKey.random()
      let screen = Screen(phone)
      func device() throws -> ShopDevice {
        try ShopDevice(
          vaultPath: path("device.vault"), unlock: .rawKey(vaultKey), server: address,
          screen: screen)
      }
      let first = try device()
      let begun = try await backEnd.begin("2001004014")
      let enrolled = try await first.logIn(begun.authToken)
      #expect(enrolled.isAuthenticated == true)
      #expect(await screen.asked == ["consent", "code"])
      let status = try await backEnd.status(begun)
      #expect(status["success"] as? String == "true")
      #expect(status["phoneNumber"] as? String == "+12001004014")
      let deviceID = try #require(status["deviceId"] as? String)
      #expect(deviceID == enrolled.deviceID?.rawValue)
      try first.close()

      // The app was ended and started again: the vault's file is what is left.
      let second = try device()
      let again = try await backEnd.begin("2001004014")
      #expect(try await second.logIn(again.authToken).isAuthenticated == true)
      #expect(await screen.asked == ["consent", "code"], "nothing was asked this time")
      let known = try await backEnd.status(again)
      #expect(known["success"] as? String == "true" && known["deviceId"] as? String == deviceID)
      let evaluation = try #require(known["evaluation"] as? [String: [String: Any]])
      #expect(evaluation["proveKey"]?["row"] as? String == "D10")
      #expect(evaluation["proveKey"]?["possession"] as? String == "none")

      try await backEnd.revoke(deviceID)
      let last = try await backEnd.begin("2001004014")
      #expect(try await second.logIn(last.authToken).isAuthenticated == false)
      await #expect(throws: Refused(status: 403, code: 8019)) { try await backEnd.status(last) }
      try second.close()
    }
  }

  @Test("what nobody may send is refused as the wire has it")
  func refusals() async throws {
    try await withServer(Phone()) { backEnd, address in
      let begun = try await backEnd.begin("2001004014")
      await #expect(throws: Refused(status: 401, code: 8002)) {
        try await BackEnd(address: address, token: "not a token").status(begun)
      }
      await #expect(throws: Refused(status: 401, code: 8002)) {
        try await BackEnd(address: address, secret: "wrong")
      }
      await #expect(throws: Refused(status: 400, code: 8008)) {
        try await backEnd.status(BackEnd.Begun(correlationID: "another", authToken: ""))
      }
      await #expect(throws: Refused(status: 400, code: 1001)) { try await backEnd.begin("12") }
      await #expect(throws: Refused(status: 400, code: 8001)) {
        try await backEnd.begin(String(repeating: "1", count: 5000))
      }
    }
  }

  /// Runs the server on a port that the system gives, for as long as `body` takes.
  private func withServer(
    _ phone: Phone, _ body: (BackEnd, URL) async throws -> Void
  ) async throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }  // what stays harms no test
    try KeyFile.create(at: path("registry.key"))
    let server = try await UnifyServer.open(
      at: path("registry.sqlite"), keyFile: path("registry.key"), clients: ["shop": "secret"],
      possession: SMSPossession { text, number in await phone.receive(text, number) })
    let (ports, port) = AsyncStream<Int>.makeStream()
    let application = Application(
      router: server.router(),
      configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { port.yield($0.localAddress?.port ?? 0) })
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await application.run() }
      let number = try #require(await ports.first { _ in true })
      let address = try #require(URL(string: "http://127.0.0.1:\(number)"))
      try await body(try await BackEnd(address: address, secret: "secret"), address)
      group.cancelAll()
    }
    try await server.registry.close()
  }
}

/// The phone that the codes are sent to.
private actor Phone {
  private(set) var messages: [(text: String, number: String)] = []

  func receive(_ text: String, _ number: String) { messages.append((text, number)) }
}

/// A person who agrees to an SMS and enters the code of the last one, and remembers what was asked.
private actor Screen: LoginScreen {
  private(set) var asked: [String] = []
  private let phone: Phone

  init(_ phone: Phone) { self.phone = phone }

  func consent(asksForNumber: Bool, error: PhoneNumberEntryError?) -> String? {
    asked.append("consent")
    return nil
  }

  func code(error: OTPEntryError?) async throws -> OTPFinishResult {
    asked.append("code")
    let message = try #require(await phone.messages.last)
    #expect(message.number == "+12001004014")
    let code = try #require(message.text.firstMatch(of: /[0-9]{4,6}/))
    return .success(code: String(code.0))
  }
}
