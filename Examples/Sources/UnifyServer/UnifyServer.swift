import Foundation
import Hummingbird
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeySealing
import ProveUnify

/// The flow behind Hummingbird's routes, as a server wrapper embeds it.
struct UnifyServer: Sendable {
  let registry: DeviceRegistry
  let service: UnifyService
  /// Secrets of the integrator's back ends, by client id.
  let clients: [String: String]

  // docs: opening
  /// Opens the registry's file and puts the flow on it.
  static func open(
    at path: String, keyFile: String, clients: [String: String],
    possession: some PossessionProvider & ReputationProvider
  ) async throws -> UnifyServer {
    let store = try SQLiteRegistryStore(at: path, unlock: .keyFile(keyFile))
    let registry = try await DeviceRegistry(
      store: store, scope: try RegistryScope(tenant: "shop", buildConfig: .usUAT))
    let service = UnifyService(
      registry: registry, possession: possession, reputation: possession)
    return UnifyServer(registry: registry, service: service, clients: clients)
  }
  // docs: end

  // docs: routes
  /// The four calls of the back end, the two of the device, and the token that the back end needs.
  func router() -> Router<BasicRequestContext> {
    let router = Router()
    router.post("/token") { request, _ in
      await answered { try await token(for: try await body(of: request)) }
    }
    for call in WireCall.allCases {
      router.post(RouterPath(call.path)) { request, _ in
        await answered {
          let client = call.isMadeByDevice ? nil : try await client(of: request)
          return try await service.answer(call, try await body(of: request), from: client)
        }
      }
    }
    return router
  }
  // docs: end

  // docs: helpers
  /// Whose access token the request carries.
  private func client(of request: Request) async throws -> String {
    guard let header = request.headers[.authorization], header.hasPrefix("Bearer ") else {
      throw UnifyError.unauthorized
    }
    return try await service.client(ofAccessToken: String(header.dropFirst(7)))
  }

  /// The request's body: JSON, and never more in memory than the wire allows.
  private func body(of request: Request) async throws -> [UInt8] {
    var request = request
    guard let body = try? await request.collectBody(upTo: UnifyLimits.requestBytes) else {
      throw UnifyError.malformedRequest
    }
    return [UInt8](buffer: body)
  }

  /// What goes wrong is answered as the wire has it, without a word of what was sent.
  private func answered(_ body: () async throws -> [UInt8]) async -> Response {
    do { return reply(try await body(), status: 200) } catch {
      let error = error as? UnifyError ?? .malformedRequest
      return reply(error.wireBody, status: error.httpStatus)
    }
  }

  private func reply(_ body: [UInt8], status: Int) -> Response {
    Response(
      status: HTTPResponse.Status(code: status),
      headers: [.contentType: "application/json", .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
  }
  // docs: end

  // MARK: Access tokens

  /// `POST /token`: OAuth 2 client credentials, form-encoded.
  private func token(for body: [UInt8]) async throws -> [UInt8] {
    var form = URLComponents()
    form.percentEncodedQuery = String(decoding: body, as: UTF8.self)
    let fields = Dictionary(form.queryItems?.map { ($0.name, $0.value ?? "") } ?? []) { $1 }
    guard fields["grant_type"] == "client_credentials" else {
      throw UnifyError.invalidField("grant_type")
    }
    guard let id = fields["client_id"], let secret = clients[id],
      let given = fields["client_secret"], isEqual(Array(secret.utf8), Array(given.utf8))
    else { throw UnifyError.unauthorized }
    return [UInt8](
      try JSONEncoder().encode(
        AccessToken(
          access_token: try await service.accessToken(for: id),
          expires_in: UnifyLimits.accessTokenSeconds)))
  }

  private struct AccessToken: Encodable {
    let access_token: String
    let expires_in: Int64
    let token_type = "Bearer"
  }

  /// Looks at every byte, so that the time taken says nothing of where two secrets differ.
  private func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && zip(left, right).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }
}
