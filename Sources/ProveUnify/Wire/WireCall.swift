/// A call of the wire, for programs that answer it by an HTTP server of their own.
///
/// Every call is a POST with a JSON object of less than ``UnifyLimits/requestBytes`` bytes.
public enum WireCall: String, CaseIterable, Sendable {
  /// Starts a flow.
  case unify = "/v3/unify"
  /// Says how a flow stands.
  case unifyStatus = "/v3/unify-status"
  /// Binds the key of a flow whose possession the integrator has proven.
  case unifyBind = "/v3/unify-bind"
  /// Disables a key for good.
  case revokeDevice = "/v3/device/revoke"
  /// Starts a device's side of a flow.
  case deviceStart = "/v1/device/start"
  /// Takes a device's reply to the last step.
  case deviceReply = "/v1/device/reply"

  /// The path below the server's address.
  public var path: String { rawValue }

  /// Whether a device makes the call: its authToken or authId stands in the body, and it carries no
  /// access token of an integrator's server.
  public var isMadeByDevice: Bool { self == .deviceStart || self == .deviceReply }
}

extension UnifyService {
  /// Answers a call, JSON in and JSON out, with status 200; what it throws is answered by
  /// ``UnifyError/httpStatus`` and ``UnifyError/wireBody``.
  /// - Parameters:
  ///   - body: the request's body.
  ///   - client: whose access token the request carried (``client(ofAccessToken:)``); nothing for a
  ///     device's call.
  /// - Throws: ``UnifyError/malformedRequest``, ``UnifyError/invalidField(_:)`` and what the call throws.
  public func answer(
    _ call: WireCall, _ body: [UInt8], from client: String? = nil
  ) async throws(UnifyError) -> [UInt8] {
    switch call {
    case .unify:
      let request = try WireCodec.decode(UnifyRequest.self, from: body)
      return try WireCodec.encode(try await unify(request, from: client))
    case .unifyStatus:
      let request = try WireCodec.decode(UnifyStatusRequest.self, from: body)
      return try WireCodec.encode(try await unifyStatus(request, from: client))
    case .unifyBind:
      let request = try WireCodec.decode(UnifyBindRequest.self, from: body)
      return try WireCodec.encode(try await unifyBind(request, from: client))
    case .revokeDevice:
      try await revokeDevice(try WireCodec.decode(RevokeDeviceRequest.self, from: body))
      return try WireCodec.encode(RevokeDeviceResponse(success: true))
    case .deviceStart:
      let begun = try await start(try WireCodec.decode(DeviceStart.self, from: body))
      return try WireCodec.encode(DeviceStepBody(authID: begun.authID, step: begun.step))
    case .deviceReply:
      let request = try WireCodec.decode(DeviceReplyBody.self, from: body)
      let step = try await reply(request.reply, authID: request.authID)
      return try WireCodec.encode(DeviceStepBody(step: step))
    }
  }
}

extension UnifyError {
  /// The wire's JSON for the error: its code, where there is one, and its message.
  public var wireBody: [UInt8] {
    // Two fields of plain text are always encoded.
    (try? WireCodec.encode(ErrorBody(self))) ?? []
  }
}
