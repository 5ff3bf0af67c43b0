#if Sandbox
  import Foundation
  import ProveUnify

  /// What an integrator's server calls.
  struct APIRoutes: Sendable {
    private let sandbox: Sandbox

    init(_ sandbox: Sandbox) {
      self.sandbox = sandbox
    }

    // MARK: Tokens

    private struct TokenResponse: Encodable {
      let access_token: String
      let expires_in: Int64
      let token_type = "Bearer"
    }

    /// `POST /token`: OAuth 2 client credentials, in the form or in `Authorization: Basic`.
    @Sendable func token(_ request: HTTPRequest) async throws(UnifyError) -> HTTPResponse {
      let form = FormFields(String(decoding: request.body, as: UTF8.self))
      guard form["grant_type"] == "client_credentials" else { throw .invalidField("grant_type") }
      let basic = Self.basic(request)
      guard let id = basic?.id ?? form["client_id"], id.utf8.count <= 255 else {
        throw .invalidField("client_id")
      }
      guard let secret = basic?.secret ?? form["client_secret"] else {
        throw .invalidField("client_secret")
      }
      guard sandbox.setup.clients.isRight(id, secret) else {
        try limit("address " + request.address)
        throw .unauthorized
      }
      try limit("client " + id)
      let body = TokenResponse(
        access_token: try await sandbox.service.accessToken(for: id),
        expires_in: UnifyLimits.accessTokenSeconds)
      return .json(try WireCodec.encode(body))
    }

    private static func basic(_ request: HTTPRequest) -> (id: String, secret: String)? {
      guard let header = request.header("Authorization"), header.hasPrefix("Basic "),
        let data = Data(base64Encoded: String(header.dropFirst(6)))
      else { return nil }
      let parts = String(decoding: data, as: UTF8.self).split(separator: ":", maxSplits: 1)
      return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
    }

    /// Whose bearer token the request carries.
    private func client(_ request: HTTPRequest) async throws(UnifyError) -> String {
      guard let header = request.header("Authorization"),
        header.prefix(7).lowercased() == "bearer "
      else {
        try limit("address " + request.address)
        throw .unauthorized
      }
      let client: String
      do {
        client = try await sandbox.service.client(ofAccessToken: String(header.dropFirst(7)))
      } catch {
        try limit("address " + request.address)
        throw error
      }
      try limit("client " + client)
      return client
    }

    private func limit(_ name: String) throws(UnifyError) {
      if let seconds = sandbox.clientRates.take(name) {
        throw .rateLimited(retryAfterSeconds: seconds)
      }
    }

    // MARK: The four calls

    /// `POST /v3/unify` and the three others.
    func answer(
      _ call: WireCall, _ request: HTTPRequest
    ) async throws(UnifyError) -> HTTPResponse {
      let client = try await client(request)
      try request.requireJSON()
      return .json(try await sandbox.service.answer(call, request.body, from: client))
    }
  }
#endif
