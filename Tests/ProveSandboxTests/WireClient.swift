#if Sandbox
  import FlyingSocks
  import Foundation
  import Glibc
  import Testing

  /// A client that sends bytes as it likes, one connection at a time.
  final class WireClient {
    /// An answer, its body as it came.
    struct Answer: Sendable {
      let status: Int
      let headers: [String: String]
      let body: [UInt8]

      var text: String { String(decoding: body, as: UTF8.self) }

      /// The body as a JSON object.
      var json: [String: JSON] {
        get throws { try JSONDecoder().decode([String: JSON].self, from: Data(body)) }
      }
    }

    private var port: UInt16
    private var socket: AsyncSocket?
    private var buffer: [UInt8] = []

    init(_ port: UInt16) {
      self.port = port
    }

    func close() {
      try? socket?.close()  // it may be closed from the other side already
      socket = nil
      buffer = []
    }

    /// Asks at another port from now on.
    func move(to port: UInt16) {
      close()
      self.port = port
    }

    /// Says that nothing more will be sent.
    func closeHalf() {
      if let socket { _ = Glibc.shutdown(socket.socket.file.rawValue, Int32(SHUT_WR)) }
    }

    func connect() async throws {
      socket = try await AsyncSocket.connected(
        to: sockaddr_in.inet(ip4: "127.0.0.1", port: port), pool: await TestPool.shared.pool(),
        timeout: 60)
    }

    func send(_ bytes: [UInt8]) async throws {
      if socket == nil { try await connect() }
      try await socket?.write(Data(bytes))
    }

    func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    /// Sends a request and reads its answer.
    func ask(
      _ method: String, _ path: String, _ body: String? = nil, headers: [String: String] = [:]
    ) async throws -> Answer {
      var text = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n"
      var headers = headers
      if let body {
        headers["Content-Length"] = String(body.utf8.count)
        if headers["Content-Type"] == nil { headers["Content-Type"] = "application/json" }
      }
      for (name, value) in headers { text += "\(name): \(value)\r\n" }
      try await send(text + "\r\n" + (body ?? ""))
      return try await read()
    }

    /// Reads an answer; one that is none, or an early end, throws.
    func read() async throws -> Answer {
      var end: Int?
      while end == nil {
        end = buffer.indices.dropLast(3).first { Array(buffer[$0..<$0 + 4]) == [13, 10, 13, 10] }
        if end == nil { try await fill() }
      }
      let headEnd = try #require(end)
      let head = String(decoding: buffer[..<headEnd], as: UTF8.self)
      buffer.removeFirst(headEnd + 4)
      var lines = head.components(separatedBy: "\r\n")
      let status = try #require(Int(lines.removeFirst().split(separator: " ")[1]))
      var headers: [String: String] = [:]
      for line in lines {
        let parts = line.split(separator: ":", maxSplits: 1)
        headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
      }
      let length = headers["content-length"].flatMap { Int($0) } ?? 0
      while buffer.count < length { try await fill() }
      let body = Array(buffer.prefix(length))
      buffer.removeFirst(length)
      if headers["connection"] == "close" { close() }
      return Answer(status: status, headers: headers, body: body)
    }

    /// Whatever comes next; nothing at the end.
    func readSome() async -> [UInt8] {
      if !buffer.isEmpty {
        defer { buffer = [] }
        return buffer
      }
      // Any error is the end here.
      return (try? await socket?.read(atMost: 4096)) ?? []
    }

    private func fill() async throws {
      guard let socket else { throw SandboxProcess.Failure(text: "not connected") }
      buffer += try await socket.read(atMost: 4096)
    }
  }

  /// One pool of sockets for all tests.
  actor TestPool {
    static let shared = TestPool()
    private var running: SocketPool<ePoll>?

    func pool() async throws -> SocketPool<ePoll> {
      if let running { return running }
      let pool = SocketPool<ePoll>.ePoll(maxEvents: 256)
      running = pool
      try await pool.prepare()
      Task { try await pool.run() }
      return pool
    }
  }

  /// A JSON value whose type is looked at.
  enum JSON: Decodable, Equatable, Sendable {
    case text(String)
    case number(Int)
    case flag(Bool)
    case object([String: JSON])
    case list([JSON])

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let flag = try? container.decode(Bool.self) {
        self = .flag(flag)
      } else if let number = try? container.decode(Int.self) {
        self = .number(number)
      } else if let text = try? container.decode(String.self) {
        self = .text(text)
      } else if let list = try? container.decode([JSON].self) {
        self = .list(list)
      } else {
        self = .object(try container.decode([String: JSON].self))
      }
    }

    var text: String? { if case .text(let text) = self { text } else { nil } }

    subscript(name: String) -> JSON? {
      if case .object(let members) = self { members[name] } else { nil }
    }
  }

  /// An integrator's server: its calls with a bearer token.
  final class Integrator {
    let client: WireClient
    private var token = ""

    init(_ sandbox: SandboxProcess) async throws {
      client = WireClient(sandbox.port)
      try await logIn(sandbox.clientID, sandbox.secret)
    }

    init(_ port: UInt16, _ id: String, _ secret: String) async throws {
      client = WireClient(port)
      try await logIn(id, secret)
    }

    func logIn(_ id: String, _ secret: String) async throws {
      let answer = try await client.ask(
        "POST", "/token", "grant_type=client_credentials&client_id=\(id)&client_secret=\(secret)",
        headers: ["Content-Type": "application/x-www-form-urlencoded"])
      token = try #require(try answer.json["access_token"]?.text)
    }

    /// Asks a sandbox that was started again; the bearer token stays good.
    func follow(_ sandbox: SandboxProcess) { client.move(to: sandbox.port) }

    var authorization: [String: String] { ["Authorization": "Bearer " + token] }

    func call(_ path: String, _ body: String) async throws -> WireClient.Answer {
      try await client.ask("POST", path, body, headers: authorization)
    }

    /// Starts a flow.
    func unify(_ members: String) async throws -> (correlationID: String, authToken: String) {
      let answer = try await call("/v3/unify", "{\"clientRequestId\":\"request\",\(members)}")
      let json = try answer.json
      return (
        try #require(json["correlationId"]?.text), try #require(json["authToken"]?.text)
      )
    }

    func status(_ correlationID: String) async throws -> WireClient.Answer {
      try await call("/v3/unify-status", "{\"correlationId\":\"\(correlationID)\"}")
    }
  }
#endif
