#if Sandbox
  import FlyingSocks
  import Foundation
  import Glibc
  import ProveKeyPlatform

  /// One client's connection: reads requests of bounded size, one after the other.
  ///
  /// Time is kept from outside: the server shuts a connection down whose deadline has passed, and
  /// whatever waits for it meets its end.
  final class HTTPConnection: Sendable {
    /// What a connection is doing.
    enum Work {
      case idle, busy
    }

    private struct State {
      var deadline: ContinuousClock.Instant
      var work = Work.idle
      var isClosed = false
      var isShut = false
    }

    let socket: AsyncSocket
    let address: String
    private let state: Locked<State>
    private let buffer = Locked<[UInt8]>([])

    init(_ socket: AsyncSocket) {
      self.socket = socket
      // A peer that has gone already has no address; the first read finds that out.
      address =
        switch try? socket.socket.remotePeer() {
        case .ip4(let text, _), .ip6(let text, _): text
        default: ""
        }
      state = Locked(State(deadline: .now + .seconds(HTTPLimits.requestSeconds)))
    }

    // MARK: Time

    func allow(_ seconds: Double, _ work: Work) {
      state.withLock {
        $0.deadline = .now + .seconds(seconds)
        $0.work = work
      }
    }

    /// Ends a connection whose time is over.
    /// - Returns: whether it did.
    func endIfLate(at now: ContinuousClock.Instant) -> Bool {
      shut { now >= $0.deadline }
    }

    /// Ends a connection between requests.
    func endIfIdle() { _ = shut { $0.work == .idle } }

    /// Ends a connection whatever it does.
    func end() { _ = shut { _ in true } }

    /// Shuts the socket, which wakes whoever reads or writes; closing is left to its own task, so
    /// that a number is never closed that another connection has by now.
    private func shut(_ test: (State) -> Bool) -> Bool {
      state.withLock {
        guard !$0.isClosed, !$0.isShut, test($0) else { return false }
        $0.isShut = true
        _ = Glibc.shutdown(socket.socket.file.rawValue, Int32(SHUT_RDWR))
        return true
      }
    }

    func close() {
      state.withLock {
        guard !$0.isClosed else { return }
        $0.isClosed = true
        try? socket.close()  // nothing is left to do with a socket that cannot be closed
      }
    }

    /// Says that nothing more will be sent, and takes a little of what the client still sends.
    func linger() async {
      allow(HTTPLimits.lingerSeconds, .busy)
      state.withLock {
        if !$0.isShut { _ = Glibc.shutdown(socket.socket.file.rawValue, Int32(SHUT_WR)) }
      }
      var count = 0
      while count < HTTPLimits.lingerBytes {
        count += takeRead().count
        guard await readMore() else { return }
      }
    }

    // MARK: Bytes

    /// The next request; nothing when the client has gone, or asks for nothing more.
    func nextRequest() async throws(HTTPFault) -> HTTPRequest? {
      var seen = 0
      var end = buffer.withLock { Self.endOfHead($0, from: 0) }
      if !buffer.withLock({ $0.isEmpty }) { allow(HTTPLimits.requestSeconds, .busy) }
      while end == nil {
        let count = buffer.withLock { $0.count }
        guard count < HTTPLimits.headBytes else { throw HTTPFault(status: 431) }
        seen = max(count - 3, 0)
        guard await readMore() else { return nil }
        if count == 0 { allow(HTTPLimits.requestSeconds, .busy) }
        end = buffer.withLock { Self.endOfHead($0, from: seen) }
      }
      guard let end else { return nil }
      let head = try HTTPHead(take(end + 4).dropLast(4))
      if head.headers["expect"]?.lowercased() == "100-continue" {
        guard await write(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) else { return nil }
      }
      var request = HTTPRequest(
        method: head.method, path: head.path, query: head.query, headers: head.headers,
        keepsAlive: head.keepsAlive)
      request.address = address
      switch head.body {
      case .length(let length):
        guard length < HTTPLimits.bodyBytes else { throw HTTPFault(status: 400) }
        guard let body = await bytes(length) else { return nil }
        request.body = body
      case .chunked:
        guard let body = try await chunks() else { return nil }
        request.body = body
      }
      return request
    }

    private func chunks() async throws(HTTPFault) -> [UInt8]? {
      var body: [UInt8] = []
      while true {
        guard let line = try await line() else { return nil }
        let size = line.prefix { $0 != UInt8(ascii: ";") }
        guard let text = String(validating: Array(size), as: UTF8.self), text.utf8.count <= 4,
          let length = Int(text, radix: 16), length >= 0,
          body.count + length < HTTPLimits.bodyBytes
        else { throw HTTPFault(status: 400) }
        if length == 0 { break }
        guard let chunk = await bytes(length + 2) else { return nil }
        guard chunk.suffix(2) == [0x0D, 0x0A] else { throw HTTPFault(status: 400) }
        body += chunk.dropLast(2)
      }
      // Trailers are read and left.
      while let line = try await line() {
        if line.isEmpty { return body }
      }
      return nil
    }

    private func line() async throws(HTTPFault) -> [UInt8]? {
      while true {
        let end = buffer.withLock { bytes in
          bytes.firstIndex(of: 0x0A)
        }
        if let end {
          let line = take(end + 1)
          guard line.suffix(2) == [0x0D, 0x0A] else { throw HTTPFault(status: 400) }
          return line.dropLast(2)
        }
        guard buffer.withLock({ $0.count }) < 256 else { throw HTTPFault(status: 400) }
        guard await readMore() else { return nil }
      }
    }

    private func bytes(_ count: Int) async -> [UInt8]? {
      while buffer.withLock({ $0.count }) < count {
        guard await readMore() else { return nil }
      }
      return take(count)
    }

    private func take(_ count: Int) -> [UInt8] {
      buffer.withLock {
        let taken = Array($0.prefix(count))
        $0.removeFirst(count)
        return taken
      }
    }

    /// Whatever is there to be read, in one piece of at most 4 KB, after what was read before.
    func readMore() async -> Bool {
      // What goes wrong with a connection ends it, whatever it is.
      guard let bytes = try? await socket.read(atMost: 4096), !bytes.isEmpty else { return false }
      buffer.withLock { $0 += bytes }
      return true
    }

    /// What was read and not used.
    func takeRead() -> [UInt8] { take(buffer.withLock { $0.count }) }

    func write(_ bytes: [UInt8]) async -> Bool {
      do { try await socket.write(Data(bytes)) } catch { return false }
      return true
    }

    private static func endOfHead(_ bytes: [UInt8], from start: Int) -> Int? {
      guard bytes.count >= start + 4 else { return nil }
      return (start...bytes.count - 4).first {
        bytes[$0] == 0x0D && bytes[$0 + 1] == 0x0A && bytes[$0 + 2] == 0x0D
          && bytes[$0 + 3] == 0x0A
      }
    }
  }
#endif
