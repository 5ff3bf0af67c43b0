import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// An answer that was no success.
struct Refused: Error, Equatable {
  let status: Int
  let code: Int?
}

/// The integrator's back end, which begins flows and asks how they ended; in any language, by the field
/// docs of Prove's server SDKs.
struct BackEnd: Sendable {
  struct Begun: Sendable {
    let correlationID: String
    let authToken: String
  }

  private let address: URL
  private let token: String

  init(address: URL, token: String) {
    self.address = address
    self.token = token
  }

  /// Gets an access token by the client's credentials.
  init(address: URL, secret: String) async throws {
    let form = "grant_type=client_credentials&client_id=shop&client_secret=\(secret)"
    let answer = try await Self.send(
      address.appendingPathComponent("token"), Data(form.utf8),
      ["Content-Type": "application/x-www-form-urlencoded"])
    self.init(address: address, token: answer["access_token"] as? String ?? "")
  }

  func begin(_ phoneNumber: String) async throws -> Begun {
    let answer = try await post(
      "v3/unify",
      ["clientRequestId": "request", "possessionType": "mobile", "phoneNumber": phoneNumber])
    return Begun(
      correlationID: answer["correlationId"] as? String ?? "",
      authToken: answer["authToken"] as? String ?? "")
  }

  @discardableResult
  func status(_ begun: Begun) async throws -> [String: Any] {
    try await post("v3/unify-status", ["correlationId": begun.correlationID])
  }

  func revoke(_ deviceID: String) async throws {
    _ = try await post(
      "v3/device/revoke", ["clientRequestId": "request", "deviceId": deviceID])
  }

  private func post(_ path: String, _ body: [String: String]) async throws -> [String: Any] {
    try await Self.send(
      address.appendingPathComponent(path), try JSONEncoder().encode(body),
      ["Content-Type": "application/json", "Authorization": "Bearer " + token])
  }

  private static func send(
    _ url: URL, _ body: Data, _ headers: [String: String]
  ) async throws -> [String: Any] {
    var request = URLRequest(url: url)
    request.httpMethod = "POST"
    request.httpBody = body
    for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
    let (data, response) = try await URLSession.shared.data(for: request)
    let status = (response as? HTTPURLResponse)?.statusCode ?? 0
    let answer = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    guard status == 200 else { throw Refused(status: status, code: answer["code"] as? Int) }
    return answer
  }
}
