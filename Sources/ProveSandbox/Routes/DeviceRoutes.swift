#if Sandbox
  import ProveKeyModel
  import ProveUnify

  /// What a device, or a page in a browser, calls.
  struct DeviceRoutes: Sendable {
    private let sandbox: Sandbox

    init(_ sandbox: Sandbox) {
      self.sandbox = sandbox
    }

    /// `POST /v1/device/start`.
    @Sendable func start(_ request: HTTPRequest) async throws(UnifyError) -> HTTPResponse {
      try request.requireJSON()
      return .json(try await sandbox.service.answer(.deviceStart, request.body))
    }

    /// `POST /v1/device/reply`.
    @Sendable func reply(_ request: HTTPRequest) async throws(UnifyError) -> HTTPResponse {
      try request.requireJSON()
      let body = try WireCodec.decode(DeviceReplyBody.self, from: request.body)
      try limit(body.authID)
      let step = try await sandbox.service.reply(body.reply, authID: body.authID)
      return .json(try WireCodec.encode(DeviceStepBody(step: step)))
    }

    private func limit(_ authID: String) throws(UnifyError) {
      guard (1...64).contains(authID.utf8.count) else { throw .unauthorized }
      if let seconds = sandbox.deviceRates.take(authID) {
        throw .rateLimited(retryAfterSeconds: seconds)
      }
    }

    // MARK: Device Context

    private struct ContextRequest: Decodable {
      let publicApiKey: String
      let visitorId: String
      let confidence: Double?
    }

    private struct ContextResponse: Encodable {
      let token: String
    }

    /// `POST /v1/device/context`: the vendor of Device Context; a test says who comes.
    @Sendable func context(_ request: HTTPRequest) async throws(UnifyError) -> HTTPResponse {
      try request.requireJSON()
      let body = try WireCodec.decode(ContextRequest.self, from: request.body)
      guard let id = VisitorID(body.visitorId) else { throw .invalidField("visitorId") }
      let visitor: Visitor
      do { visitor = try Visitor(id: id, confidence: body.confidence ?? 0.99) } catch {
        throw .invalidField("confidence")
      }
      let token = try sandbox.visitors.collect(visitor, publicAPIKey: body.publicApiKey)
      return .json(try WireCodec.encode(ContextResponse(token: token)))
    }

    // MARK: The desktop's WebSocket

    /// `GET /v1/device/link-events?authId=...`: tells when the link was answered, or is too old.
    @Sendable func linkEvents(_ request: HTTPRequest) async throws(UnifyError) -> HTTPResponse {
      guard let authID = request.queryItem("authId") else { throw .invalidField("authId") }
      try limit(authID)
      _ = try await sandbox.service.waitsForLink(authID: authID)
      let service = sandbox.service
      let upgrade = WebSocket.accept(request) { socket in
        await socket.tell {
          // A store that fails for a moment is asked again.
          guard let waits = try? await service.waitsForLink(authID: authID), !waits else {
            return nil
          }
          return #"{"event":"answered"}"#
        }
      }
      guard let upgrade else { throw .malformedRequest }
      return upgrade
    }
  }
#endif
