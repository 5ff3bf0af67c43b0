#if Sandbox
  /// What is wrong with a request before anything looks at its meaning; the connection is closed.
  struct HTTPFault: Error, Equatable {
    let status: Int
  }

  /// The request line and header fields.
  ///
  /// Strict where servers and proxies have disagreed to somebody's harm: one length of the body, no
  /// folded lines, no blank before a colon.
  ///
  /// Source: RFC 9112, sections 2 to 6.
  struct HTTPHead {
    /// How the body is delimited.
    enum Body: Equatable {
      case length(Int)
      case chunked
    }

    let method: String
    let path: String
    let query: String
    let headers: [String: String]
    let body: Body
    let keepsAlive: Bool

    /// Reads a head without the empty line at its end.
    init(_ bytes: some Collection<UInt8>) throws(HTTPFault) {
      guard let text = String(validating: Array(bytes), as: UTF8.self),
        !text.utf8.contains(where: { $0 < 0x20 && $0 != 0x0D && $0 != 0x0A && $0 != 0x09 })
      else { throw HTTPFault(status: 400) }
      var lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
      let line = lines.removeFirst().split(separator: " ", omittingEmptySubsequences: false)
      guard line.count == 3, Self.isToken(line[0]), line[1].hasPrefix("/") else {
        throw HTTPFault(status: 400)
      }
      guard line[2] == "HTTP/1.1" || line[2] == "HTTP/1.0" else {
        throw HTTPFault(status: line[2].hasPrefix("HTTP/") ? 505 : 400)
      }
      let target = line[1].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
      method = String(line[0])
      path = String(target[0])
      query = target.count > 1 ? String(target[1]) : ""
      headers = try Self.fields(lines)
      body = try Self.body(headers)
      let connection = headers["connection"]?.lowercased() ?? ""
      keepsAlive =
        line[2] == "HTTP/1.1" ? !connection.contains("close") : connection.contains("keep-alive")
      guard line[2] == "HTTP/1.0" || headers["host"] != nil else { throw HTTPFault(status: 400) }
    }

    private static func fields(_ lines: [Substring]) throws(HTTPFault) -> [String: String] {
      guard lines.count <= HTTPLimits.headers else { throw HTTPFault(status: 431) }
      var headers: [String: String] = [:]
      for line in lines {
        // Bare line ends, and lines folded into the one before, are no header fields.
        guard !line.utf8.contains(0x0A), !line.utf8.contains(0x0D),
          let colon = line.firstIndex(of: ":"), isToken(line[..<colon])
        else { throw HTTPFault(status: 400) }
        let name = line[..<colon].lowercased()
        let value = line[line.index(after: colon)...].trimmingBlanks
        if let before = headers[name] {
          // Twice a length or a host is one too many; of anything else the values make a list.
          guard name != "content-length", name != "host", name != "transfer-encoding" else {
            throw HTTPFault(status: 400)
          }
          headers[name] = before + ", " + value
        } else {
          headers[name] = value
        }
      }
      return headers
    }

    private static func body(_ headers: [String: String]) throws(HTTPFault) -> Body {
      if let coding = headers["transfer-encoding"] {
        guard headers["content-length"] == nil else { throw HTTPFault(status: 400) }
        guard coding.lowercased() == "chunked" else { throw HTTPFault(status: 501) }
        return .chunked
      }
      guard let text = headers["content-length"] else { return .length(0) }
      guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
        throw HTTPFault(status: 400)
      }
      // Too long to be a number is too long.
      return .length(Int(text) ?? .max)
    }

    private static func isToken(_ text: Substring) -> Bool {
      !text.isEmpty
        && text.utf8.allSatisfy { byte in
          (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
            || (0x61...0x7A).contains(byte) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
  }

  extension Substring {
    fileprivate var trimmingBlanks: String {
      var text = self
      while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
      while let last = text.last, last == " " || last == "\t" { text.removeLast() }
      return String(text)
    }
  }
#endif
