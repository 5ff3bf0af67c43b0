#if Sandbox
  import FlyingSocks
  import Glibc
  import ProveKeyPlatform

  /// Answers requests on one address; what a client may cost is in ``HTTPLimits``.
  ///
  /// FlyingSocks carries the bytes. The protocol is read here and not by FlyingFox's own server,
  /// which bounds neither the head of a request nor the time that it takes to arrive.
  ///
  /// - H1: memory is bounded: connections, and for each the head and the body of one request.
  /// - H2: time is bounded: no client keeps a connection by being slow.
  /// - H3: stopping ends idle connections at once and lets answers that are being made be sent.
  final class HTTPServer: Sendable {
    typealias Handler = @Sendable (HTTPRequest) async -> HTTPResponse

    /// What has happened so far.
    struct Counts {
      var accepted = 0
      var turnedAway = 0
      var late = 0
      var malformed = 0
      var open = 0
    }

    private struct State {
      var connections: [ObjectIdentifier: HTTPConnection] = [:]
      var counts = Counts()
      var isStopping = false
    }

    private let connectionLimit: Int
    private let state = Locked(State())

    init(connectionLimit: Int = HTTPLimits.connections) {
      self.connectionLimit = connectionLimit
    }

    var counts: Counts {
      state.withLock {
        var counts = $0.counts
        counts.open = $0.connections.count
        return counts
      }
    }

    var isStopping: Bool { state.withLock { $0.isStopping } }

    /// A socket that listens.
    /// - Returns: the socket, and the port, which the system chooses for port 0.
    static func listen(_ address: String, _ port: UInt16) throws -> (Socket, UInt16) {
      let isIPv6 = address.contains(":")
      let socket = try Socket(domain: Int32(isIPv6 ? AF_INET6 : AF_INET))
      try socket.setValue(true, for: .localAddressReuse)
      if isIPv6 {
        try socket.bind(to: sockaddr_in6.inet6(ip6: address, port: port))
      } else {
        try socket.bind(to: sockaddr_in.inet(ip4: address, port: port))
      }
      try socket.listen()
      switch try socket.sockname() {
      case .ip4(_, let port), .ip6(_, let port): return (socket, port)
      case .unix: return (socket, port)
      }
    }

    /// Answers until the task is cancelled, then stops as H3 says.
    func run(on socket: Socket, _ handler: @escaping Handler) async throws {
      let pool = SocketPool<ePoll>.ePoll(maxEvents: 256)
      try await pool.prepare()
      let listener = try AsyncSocket(socket: socket, pool: pool)
      let events = Task { try await pool.run() }
      let timer = Task { await self.watch() }
      await withDiscardingTaskGroup { group in
        await self.accept(on: listener, in: &group, handler)
        try? socket.close()  // what is closed cannot be closed better
        self.state.withLock { $0.isStopping = true }
        self.forEach { $0.endIfIdle() }
        let overtime = Task.detached {
          // Cancelled as soon as nothing runs any more.
          guard (try? await Task.sleep(for: .seconds(HTTPLimits.stopSeconds))) != nil else {
            return
          }
          self.forEach { $0.end() }
        }
        await self.drained()
        overtime.cancel()
      }
      timer.cancel()
      events.cancel()
    }

    private func accept(
      on listener: AsyncSocket, in group: inout DiscardingTaskGroup, _ handler: @escaping Handler
    ) async {
      while !Task.isCancelled {
        let connection: HTTPConnection
        do { connection = HTTPConnection(try await listener.accept()) } catch is CancellationError {
          return
        } catch {
          // No more files may be open, or the client has gone already.
          try? await Task.sleep(for: .milliseconds(20))  // ends early when cancelled
          continue
        }
        let isFree = state.withLock {
          $0.counts.accepted += 1
          guard $0.connections.count < connectionLimit else {
            $0.counts.turnedAway += 1
            return false
          }
          $0.connections[ObjectIdentifier(connection)] = connection
          return true
        }
        group.addTask {
          // The connection's own task is never cancelled: it ends as the connection does.
          await Task.detached {
            if isFree {
              await self.serve(connection, handler)
            } else {
              await Self.turnAway(connection)
            }
          }.value
        }
      }
    }

    private static func turnAway(_ connection: HTTPConnection) async {
      let answer = HTTPResponse.text("too many connections\n", status: 503)
      _ = await connection.write(answer.encoded(keepsAlive: false, withoutBody: false))
      connection.close()
    }

    // MARK: One connection

    private func serve(_ connection: HTTPConnection, _ handler: Handler) async {
      connection.allow(HTTPLimits.idleSeconds, .idle)
      do {
        while let request = try await connection.nextRequest() {
          guard await answer(request, on: connection, handler) else { break }
          connection.allow(HTTPLimits.idleSeconds, .idle)
          if isStopping { break }
        }
      } catch {
        state.withLock { $0.counts.malformed += 1 }
        let answer = Self.answer(to: error)
        if await connection.write(answer.encoded(keepsAlive: false, withoutBody: false)) {
          await connection.linger()
        }
      }
      state.withLock { $0.connections[ObjectIdentifier(connection)] = nil }
      connection.close()
    }

    /// - Returns: whether the connection goes on.
    private func answer(
      _ request: HTTPRequest, on connection: HTTPConnection, _ handler: Handler
    ) async -> Bool {
      connection.allow(HTTPLimits.answerSeconds, .busy)
      let response = await handler(request)
      connection.allow(HTTPLimits.answerSeconds, .busy)
      let keepsAlive = request.keepsAlive && !isStopping && response.upgrade == nil
      let bytes = response.encoded(keepsAlive: keepsAlive, withoutBody: request.method == "HEAD")
      guard await connection.write(bytes) else { return false }
      if let upgrade = response.upgrade {
        connection.allow(HTTPLimits.webSocketSeconds + HTTPLimits.requestSeconds, .busy)
        await upgrade(WebSocket(connection) { self.isStopping })
      }
      return keepsAlive
    }

    private static func answer(to fault: HTTPFault) -> HTTPResponse {
      // The wire's own words where the API is concerned (8001), plain ones elsewhere.
      let body = #"{"code":8001,"message":"malformed request"}"#
      return fault.status == 400
        ? .json(Array(body.utf8), status: 400)
        : .json(Array(#"{"message":"the request cannot be read"}"#.utf8), status: fault.status)
    }

    // MARK: Time

    private func watch() async {
      while !Task.isCancelled {
        try? await Task.sleep(for: .milliseconds(250))  // ends early when cancelled
        let now = ContinuousClock.now
        var late = 0
        forEach { if $0.endIfLate(at: now) { late += 1 } }
        state.withLock { $0.counts.late += late }
      }
    }

    private func drained() async {
      while state.withLock({ !$0.connections.isEmpty }) {
        try? await Task.detached { try await Task.sleep(for: .milliseconds(20)) }.value
      }
    }

    private func forEach(_ body: (HTTPConnection) -> Void) {
      for connection in state.withLock({ Array($0.connections.values) }) { body(connection) }
    }
  }
#endif
