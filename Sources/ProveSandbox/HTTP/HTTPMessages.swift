#if Sandbox
  /// A request as it came.
  struct HTTPRequest: Sendable {
    let method: String
    /// The path, still percent-encoded.
    let path: String
    let query: String
    /// Names in lower case; what came more than once is joined by commas.
    let headers: [String: String]
    var body: [UInt8] = []
    /// Who sent it, without the port.
    var address = ""

    func header(_ name: String) -> String? { headers[name.lowercased()] }

    /// A member of the query.
    func queryItem(_ name: String) -> String? {
      FormFields(query)[name]
    }

    /// Whether the connection may carry another request after this one.
    let keepsAlive: Bool
  }

  /// An answer.
  struct HTTPResponse: Sendable {
    var status: Int
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []
    /// Takes the connection over once the answer (101) is sent.
    var upgrade: (@Sendable (WebSocket) async -> Void)?

    /// A JSON answer.
    static func json(_ body: [UInt8], status: Int = 200) -> HTTPResponse {
      HTTPResponse(
        status: status,
        headers: [("Content-Type", "application/json"), ("Cache-Control", "no-store")], body: body)
    }

    /// A text.
    static func text(
      _ text: String, _ type: String = "text/plain; charset=utf-8", status: Int = 200
    ) -> HTTPResponse {
      HTTPResponse(
        status: status, headers: [("Content-Type", type), ("Cache-Control", "no-store")],
        body: Array(text.utf8))
    }

    /// The bytes to send.
    func encoded(keepsAlive: Bool, withoutBody: Bool) -> [UInt8] {
      var text = "HTTP/1.1 \(status) \(Self.phrase(status))\r\n"
      for (name, value) in headers { text += "\(name): \(value)\r\n" }
      if upgrade == nil {
        text += "Content-Length: \(body.count)\r\nX-Content-Type-Options: nosniff\r\n"
        text += "Connection: \(keepsAlive ? "keep-alive" : "close")\r\n"
      }
      return Array((text + "\r\n").utf8) + (withoutBody ? [] : body)
    }

    private static func phrase(_ status: Int) -> String {
      switch status {
      case 101: "Switching Protocols"
      case 200: "OK"
      case 400: "Bad Request"
      case 401: "Unauthorized"
      case 403: "Forbidden"
      case 404: "Not Found"
      case 405: "Method Not Allowed"
      case 408: "Request Timeout"
      case 415: "Unsupported Media Type"
      case 421: "Misdirected Request"
      case 429: "Too Many Requests"
      case 431: "Request Header Fields Too Large"
      case 500: "Internal Server Error"
      case 501: "Not Implemented"
      case 503: "Service Unavailable"
      case 505: "HTTP Version Not Supported"
      default: "Status"
      }
    }
  }

  /// The members of a form or a query, percent-decoded; of equal names the first counts.
  struct FormFields {
    private var values: [String: String] = [:]

    init(_ text: String) {
      for part in text.split(separator: "&") {
        let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = Self.decode(pair[0]) else { continue }
        let value = pair.count > 1 ? Self.decode(pair[1]) : ""
        if let value, values[name] == nil { values[name] = value }
      }
    }

    subscript(name: String) -> String? { values[name] }

    /// Nothing for what is not percent-encoded UTF-8.
    private static func decode(_ text: Substring) -> String? {
      var bytes: [UInt8] = []
      var rest = text.utf8.makeIterator()
      while let byte = rest.next() {
        switch byte {
        case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
        case UInt8(ascii: "%"):
          guard let high = rest.next(), let low = rest.next(),
            let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16)
          else { return nil }
          bytes.append(value)
        default: bytes.append(byte)
        }
      }
      return String(validating: bytes, as: UTF8.self)
    }
  }
#endif
