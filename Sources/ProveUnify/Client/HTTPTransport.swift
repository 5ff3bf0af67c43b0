public import Foundation
import ProveDeviceRegistry
import ProveKeyModel

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Carries a device's messages to a server over HTTP, as `docs/device-protocol.md` describes.
///
/// A message is sent once: a reply that was lost may have taken effect. What was lost ends the flow
/// with ``UnifyError/connectionLost``, and the next flow makes the device and the server agree.
public struct HTTPTransport: UnifyTransport {
  private let base: URL
  private let session: URLSession
  private let timeLimitSeconds: Double

  /// Carries messages to a server.
  /// - Parameters:
  ///   - base: the server's address, such as `https://auth.example`; paths are added to it.
  ///   - timeLimitSeconds: how long an answer may take.
  public init(to base: URL, timeLimitSeconds: Double = 30) {
    self.base = base
    self.timeLimitSeconds = timeLimitSeconds
    let setup = URLSessionConfiguration.ephemeral
    setup.timeoutIntervalForRequest = timeLimitSeconds
    session = URLSession(configuration: setup)
  }

  /// Starts the device's side of a flow.
  public func start(
    _ start: DeviceStart
  ) async throws(UnifyError) -> (authID: String, step: DeviceStep) {
    let answer = try await post("v1/device/start", start)
    guard let authID = answer.authID else { throw .refused(httpStatus: 200, code: nil) }
    return (authID, answer.step)
  }

  /// Replies to the last step.
  public func reply(
    _ reply: DeviceReply, authID: String
  ) async throws(UnifyError) -> DeviceStep {
    try await post("v1/device/reply", DeviceReplyBody(authID: authID, reply: reply)).step
  }

  private func post(
    _ path: String, _ body: some Encodable
  ) async throws(UnifyError) -> DeviceStepBody {
    var request = URLRequest(url: base.appendingPathComponent(path))
    request.httpMethod = "POST"
    request.timeoutInterval = timeLimitSeconds
    request.setValue("application/json", forHTTPHeaderField: "Content-Type")
    request.httpBody = Data(try WireCodec.encode(body))
    let data: Data
    let response: URLResponse
    do { (data, response) = try await session.data(for: request) } catch {
      throw .connectionLost
    }
    guard let response = response as? HTTPURLResponse else { throw .connectionLost }
    guard response.statusCode == 200 else { throw Self.error(response, data) }
    do { return try JSONDecoder().decode(DeviceStepBody.self, from: data) } catch {
      throw .refused(httpStatus: 200, code: nil)
    }
  }

  /// The error that an answer stands for.
  private static func error(_ response: HTTPURLResponse, _ data: Data) -> UnifyError {
    if response.statusCode == 429 {
      let seconds = response.value(forHTTPHeaderField: "Retry-After").flatMap { Int($0) }
      return .rateLimited(retryAfterSeconds: seconds ?? 1)
    }
    // An answer that is not ours has no code, and its status is all that is said of it.
    guard let body = try? JSONDecoder().decode(ErrorBody.self, from: data) else {
      return .refused(httpStatus: response.statusCode, code: nil)
    }
    return UnifyError(
      code: body.code, httpStatus: response.statusCode, message: body.message)
  }
}

extension UnifyError {
  /// The error of a code on the wire; the field of `invalidField` is read from its message.
  init(code: Int?, httpStatus: Int, message: String) {
    switch code {
    case 1001:
      let parts = message.split(separator: "'")
      self = .invalidField(parts.count > 1 ? String(parts[1]) : "")
    case 1003: self = .stepNotAllowed
    case 8001: self = .malformedRequest
    case 8002: self = message == UnifyError.sessionExpired.message ? .sessionExpired : .unauthorized
    case 8007: self = .sandboxUserNotFound
    case 8008: self = .invalidCorrelationID
    case 8011: self = .identityNotFound
    case 8019: self = .deviceRevoked
    default: self = .refused(httpStatus: httpStatus, code: code)
    }
  }
}
