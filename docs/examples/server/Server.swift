#if Sandbox
  import FlyingFox
  import FlyingSocks
  import Foundation
  import ProveDeviceRegistry
  import ProveKeyModel
  import ProveKeySealing

  /// A server wrapper as small as it can be: it keeps a registry, resolves the deviceIds that its
  /// back end has stored, and decides about those who come with a key.
  ///
  ///     example-server REGISTRY KEYFILE PORT
  ///
  /// It listens on the loopback. A real one speaks TLS, knows who asks, and limits how often.
  @main
  struct Server {
    let registry: DeviceRegistry

    static func main() async throws {
      let words = CommandLine.arguments
      guard words.count == 4, let port = UInt16(words[3]) else {
        FileHandle.standardError.write(Data("usage: example-server REGISTRY KEYFILE PORT\n".utf8))
        exit(2)
      }
      let store = try SQLiteRegistryStore(at: words[1], unlock: .keyFile(words[2]))
      let scope = try RegistryScope(tenant: "shop", buildConfig: .usUAT)
      let registry = try await DeviceRegistry(store: store, scope: scope)
      let http = HTTPServer(address: try .inet(ip4: "127.0.0.1", port: port))
      await Server(registry: registry).answer(on: http)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await http.run() }
        group.addTask { try await InactivitySweeper(registry).run() }
        try await group.next()
      }
    }

    private func answer(on http: HTTPServer) async {
      // For a device: what its key must sign.
      await http.appendRoute("GET /challenge") { _ in
        try reply(["challenge": Data(registry.issueChallenge().bytes)])
      }
      // For a device: its key, and the deviceId that it was stored under if it is known.
      await http.appendRoute("POST /authenticate") { request in
        await answered { try reply(try await authenticate(try await read(request))) }
      }
      // For the back end only: whoever may ask this learns which deviceIds there are.
      await http.appendRoute("POST /resolve") { request in
        await answered { try reply(try await resolve(try await read(request))) }
      }
    }

    // MARK: What it does

    private func authenticate(_ sign: SignIn) async throws -> SignedIn {
      let request = KeyRequest(
        channel: .mobile, phoneNumber: try sign.phoneNumber.map { try PhoneNumber($0) },
        storedDeviceID: try sign.deviceId.map { try DeviceID(validating: $0) })
      let decision: RegistryDecision
      do {
        decision = try await registry.decide(
          request, presenting: try KeyAssertion(encoded: Array(sign.presented)),
          for: Challenge(bytes: Array(sign.challenge)))
      } catch RegistryError.signatureInvalid {
        // As for a key that is not known: who tries out deviceIds learns of none.
        return SignedIn(outcome: "possessionRequired", deviceId: nil)
      }
      switch decision.outcome {
      case .authenticate:
        let key = try await registry.complete(decision)
        return SignedIn(outcome: "authenticated", deviceId: key?.deviceID.rawValue)
      case .recover, .requirePossession:
        // Here the flow of docs/flow.md begins: a code or a link proves the number, and the ticket
        // is completed with it.
        return SignedIn(outcome: "possessionRequired", deviceId: nil)
      case .reject: return SignedIn(outcome: "refused", deviceId: nil)
      }
    }

    private func resolve(_ stored: Stored) async throws -> [Resolved?] {
      let ids = try stored.deviceIds.map { try DeviceID(validating: $0) }
      let now = UTCInstant(millisecondsSinceEpoch: Int64(Date().timeIntervalSince1970 * 1000))
      return try await registry.resolve(ids).map { key in
        guard let key else { return nil }
        let months = registry.policy.inactivityMonths
        return Resolved(
          deviceId: key.deviceID.rawValue, state: key.state.name.rawValue,
          isUsable: key.isServing && !key.isInactive(at: now, afterMonths: months),
          lastAuthenticatedAt: key.lastAuthenticatedAt?.iso8601)
      }
    }

    // MARK: What it reads and writes

    private struct SignIn: Decodable {
      let deviceId: String?
      let phoneNumber: String?
      let challenge: Data
      let presented: Data
    }

    private struct SignedIn: Encodable {
      let outcome: String
      let deviceId: String?
    }

    private struct Stored: Decodable { let deviceIds: [String] }

    private struct Resolved: Encodable {
      let deviceId: String
      let state: String
      let isUsable: Bool
      let lastAuthenticatedAt: String?
    }

    private struct Problem: Encodable { let error: String }

    /// Reads a body of at most 128 KiB.
    private func read<Body: Decodable>(_ request: HTTPRequest) async throws -> Body {
      let length = request.headers[.contentLength].flatMap { Int($0) }
      guard let length, length <= 131_072 else { throw DecodingError.tooLong }
      return try JSONDecoder().decode(Body.self, from: try await request.bodyData)
    }

    private func reply(
      _ body: some Encodable, _ status: HTTPStatusCode = .ok
    ) throws -> HTTPResponse {
      HTTPResponse(
        statusCode: status, headers: [.contentType: "application/json"],
        body: try JSONEncoder().encode(body))
    }

    /// What goes wrong has a name and nothing of what was sent.
    private func answered(_ body: () async throws -> HTTPResponse) async -> HTTPResponse {
      do { return try await body() } catch {
        let (name, status): (String, HTTPStatusCode) =
          switch error {
          case RegistryError.store: ("unavailable", .serviceUnavailable)
          case is RegistryError: ("refused", .forbidden)
          default: ("malformed", .badRequest)
          }
        // A fixed word is always encoded.
        return (try? reply(Problem(error: name), status)) ?? HTTPResponse(statusCode: status)
      }
    }
  }

  extension DecodingError {
    fileprivate static var tooLong: DecodingError {
      .dataCorrupted(.init(codingPath: [], debugDescription: "no length, or too long"))
    }
  }
#else
  /// The example answers over HTTP, which the trait `Sandbox` brings.
  @main
  enum Server {
    static func main() { print("built without the trait Sandbox") }
  }
#endif
