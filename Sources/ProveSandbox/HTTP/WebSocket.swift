#if Sandbox
  import Crypto
  import Foundation

  /// The server's end of a WebSocket that tells a page when to go on; it takes nothing from the page
  /// but the end.
  ///
  /// Source: RFC 6455.
  struct WebSocket: Sendable {
    private let connection: HTTPConnection
    private let isStopping: @Sendable () -> Bool

    init(_ connection: HTTPConnection, isStopping: @escaping @Sendable () -> Bool) {
      self.connection = connection
      self.isStopping = isStopping
    }

    /// The answer that opens a WebSocket; nothing when the request does not ask for one.
    static func accept(
      _ request: HTTPRequest, _ body: @escaping @Sendable (WebSocket) async -> Void
    ) -> HTTPResponse? {
      guard request.method == "GET", request.header("Upgrade")?.lowercased() == "websocket",
        request.header("Connection")?.lowercased().contains("upgrade") == true,
        request.header("Sec-WebSocket-Version") == "13",
        let key = request.header("Sec-WebSocket-Key"), Data(base64Encoded: key)?.count == 16
      else { return nil }
      let digest = Insecure.SHA1.hash(
        data: Data((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))
      return HTTPResponse(
        status: 101,
        headers: [
          ("Upgrade", "websocket"), ("Connection", "Upgrade"),
          ("Sec-WebSocket-Accept", Data(digest).base64EncodedString()),
        ], upgrade: body)
    }

    /// Waits until `look` has something to tell, tells it, and closes.
    ///
    /// Ends without a word when the page has gone, when time is over, or when the server stops.
    func tell(_ look: @escaping @Sendable () async -> String?) async {
      let (connection, isStopping) = (connection, isStopping)
      let reader = Task { await Self.waitForEnd(of: connection) }
      let gone = Task {
        await reader.value
        return true
      }
      let end = ContinuousClock.now + .seconds(HTTPLimits.webSocketSeconds)
      var message: String?
      let watch = Task { () -> String? in
        while ContinuousClock.now < end, !Task.isCancelled, !isStopping() {
          if let message = await look() { return message }
          // Ends early when cancelled.
          try? await Task.sleep(for: .milliseconds(HTTPLimits.webSocketLookMilliseconds))
        }
        return nil
      }
      Task {
        if await gone.value { watch.cancel() }
      }
      message = await watch.value
      if let message { _ = await connection.write(Self.frame(0x1, Array(message.utf8))) }
      let code: UInt16 = isStopping() ? 1001 : 1000
      _ = await connection.write(Self.frame(0x8, [UInt8(code >> 8), UInt8(code & 0xFF)]))
      reader.cancel()
      await reader.value
    }

    /// Reads what the page sends until it closes, goes away, or sends more than it has to say.
    private static func waitForEnd(of connection: HTTPConnection) async {
      var bytes = connection.takeRead()
      var total = bytes.count
      while true {
        while let (opcode, length) = frameHead(bytes) {
          guard length <= HTTPLimits.frameBytes else { return }
          let count = 6 + length
          guard bytes.count >= count else { break }
          if opcode == 0x8 { return }
          if opcode == 0x9 {
            let mask = Array(bytes[2..<6])
            let data = bytes[6..<count].enumerated().map { $1 ^ mask[$0 % 4] }
            guard await connection.write(frame(0xA, data)) else { return }
          }
          bytes.removeFirst(count)
        }
        guard total <= HTTPLimits.webSocketBytes, await connection.readMore() else { return }
        let more = connection.takeRead()
        total += more.count
        bytes += more
      }
    }

    /// The kind and length of a client's frame, which is masked.
    private static func frameHead(_ bytes: [UInt8]) -> (opcode: UInt8, length: Int)? {
      guard bytes.count >= 6 else { return nil }
      // 126 and 127 announce longer frames; a frame without a mask is none of a client's.
      let length = bytes[1] & 0x80 == 0 ? Int.max : Int(bytes[1] & 0x7F)
      return (bytes[0] & 0x0F, length)
    }

    /// A frame of the server's; never longer than 125 bytes.
    private static func frame(_ opcode: UInt8, _ data: [UInt8]) -> [UInt8] {
      [0x80 | opcode, UInt8(min(data.count, HTTPLimits.frameBytes))]
        + data.prefix(HTTPLimits.frameBytes)
    }
  }
#endif
