#if Sandbox
  import Foundation
  import ProveDeviceRegistry
  import ProveKeyModel
  import ProveKeyPlatform
  import ProveUnify

  /// What a test or an operator asks of the sandbox itself.
  struct ControlRoutes: Sendable {
    private let sandbox: Sandbox

    init(_ sandbox: Sandbox) {
      self.sandbox = sandbox
    }

    // MARK: Clock

    private struct Move: Decodable {
      let advanceSeconds: Int64?
      let advanceMonths: Int?
    }

    /// `GET /sandbox/clock`: what time it is.
    @Sendable func clock(_ request: HTTPRequest) async throws(UnifyError) -> HTTPResponse {
      .json(try WireCodec.encode(["now": sandbox.clock.wallClock.now.iso8601]))
    }

    /// `POST /sandbox/clock`: lets time pass.
    @Sendable func moveClock(_ request: HTTPRequest) async throws(UnifyError) -> HTTPResponse {
      try request.requireJSON()
      let move = try WireCodec.decode(Move.self, from: request.body)
      guard
        sandbox.clock.advance(months: move.advanceMonths ?? 0, seconds: move.advanceSeconds ?? 0)
      else { throw .invalidField("advanceMonths") }
      return try await clock(request)
    }

    // MARK: State

    /// `GET /health`: whether the store answers.
    @Sendable func health(_ request: HTTPRequest) async throws(UnifyError) -> HTTPResponse {
      do { _ = try await sandbox.registry.statistics() } catch { throw .registry(error) }
      return .json(try WireCodec.encode(["status": "ok"]))
    }

    /// `GET /metrics`: counters in Prometheus' text format.
    @Sendable func metrics(_ request: HTTPRequest) async throws(UnifyError) -> HTTPResponse {
      .text(
        sandbox.metrics.text(sandbox.counts), "text/plain; version=0.0.4; charset=utf-8")
    }
  }

  /// What has happened so far.
  final class SandboxMetrics: Sendable {
    private struct Key: Hashable {
      let path: String
      let status: Int
    }

    private let requests = Locked<[Key: Int]>([:])

    func count(_ path: String, _ status: Int) {
      requests.withLock { $0[Key(path: path, status: status), default: 0] += 1 }
    }

    func text(_ counts: HTTPServer.Counts) -> String {
      let requests = requests.withLock { $0 }.sorted {
        ($0.key.path, $0.key.status) < ($1.key.path, $1.key.status)
      }
      var lines = ["# TYPE provekey_sandbox_requests_total counter"]
      for (key, count) in requests {
        lines.append(
          "provekey_sandbox_requests_total{path=\"\(key.path)\",status=\"\(key.status)\"} \(count)")
      }
      for (name, type, value) in [
        ("connections_open", "gauge", counts.open),
        ("connections_accepted_total", "counter", counts.accepted),
        ("connections_turned_away_total", "counter", counts.turnedAway),
        ("connections_late_total", "counter", counts.late),
        ("requests_malformed_total", "counter", counts.malformed),
        ("resident_bytes", "gauge", Self.residentBytes),
      ] {
        lines += [
          "# TYPE provekey_sandbox_\(name) \(type)", "provekey_sandbox_\(name) \(value)",
        ]
      }
      return lines.joined(separator: "\n") + "\n"
    }

    /// What the process holds in memory; 0 where the system does not say.
    private static var residentBytes: Int {
      // Not on every system; the figure is 0 then.
      let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
      let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
      let kilobytes = line?.split(separator: " ").dropLast().last.flatMap { Int($0) }
      return (kilobytes ?? 0) * 1024
    }
  }
#endif
