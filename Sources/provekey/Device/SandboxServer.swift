import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// What the device command asks of a sandbox beside the device protocol.
struct SandboxServer: Sendable {
  private let base: URL

  init(_ base: URL) {
    self.base = base
  }

  private struct Message: Decodable {
    let text: String
  }

  private struct Context: Codable {
    var publicApiKey: String?
    var visitorId: String?
    var token: String?
  }

  /// Opens the link in the last SMS to a number, as its person would.
  func openLastLink(sentTo phone: String) async throws {
    var address = URLComponents(
      url: base.appendingPathComponent("outbox.json"), resolvingAgainstBaseURL: false)
    // A plus sign in a query means a blank unless it is encoded.
    let number = phone.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    address?.percentEncodedQuery = "phoneNumber=" + number
    guard let url = address?.url else { throw Refusal(text: "the URL cannot be read") }
    let messages = try JSONDecoder().decode(
      [Message].self, from: try await send(URLRequest(url: url)))
    let words = messages.last?.text.split(separator: " ") ?? []
    guard let link = words.last(where: { $0.hasPrefix("http") }),
      let url = URL(string: String(link))
    else { throw Refusal(text: "no link was sent to this number") }
    var request = URLRequest(url: url)
    request.httpMethod = "POST"
    request.setValue("application/x-www-form-urlencoded", forHTTPHeaderField: "Content-Type")
    request.httpBody = Data("answer=open".utf8)
    _ = try await send(request)
  }

  /// Tells the vendor who comes, and gives its word on it.
  func collect(_ visitor: String, publicAPIKey: String) async throws -> String? {
    var request = URLRequest(url: base.appendingPathComponent("v1/device/context"))
    request.httpMethod = "POST"
    request.setValue("application/json", forHTTPHeaderField: "Content-Type")
    request.httpBody = try JSONEncoder().encode(
      Context(publicApiKey: publicAPIKey, visitorId: visitor))
    return try JSONDecoder().decode(Context.self, from: try await send(request)).token
  }

  private func send(_ request: URLRequest) async throws -> Data {
    let (data, response) = try await URLSession.shared.data(for: request)
    guard let response = response as? HTTPURLResponse, response.statusCode == 200 else {
      throw Refusal(text: "the sandbox refused a request of the device")
    }
    return data
  }
}
