#if Sandbox
  import Foundation
  import ProveKeyPlatform
  import Testing

  /// Tests of a thousand connections: one at a time, since Foundation's `Process` cannot start a
  /// child any more when some 1,350 files are open.
  @Suite("many clients", .serialized) enum ManyClients {}

  extension ManyClients {
    /// What clients may cost that are slow, broken, or many (H1, H2).
    @Suite("slow and broken clients")
    struct SlowClientTests {
      @Test(
        "the twenty-sixth request in a second is 429 with Retry-After; another client is served")
      func rate() async throws {
        let sandbox = try SandboxProcess(clients: ["one": "secret", "two": "secret"])
        let one = try await Integrator(sandbox.port, "one", "secret")
        let two = try await Integrator(sandbox.port, "two", "secret")
        var refused: WireClient.Answer?
        for _ in 0..<200 where refused == nil {
          let answer = try await one.status("nobody")
          if answer.status == 429 { refused = answer } else { #expect(answer.status == 400) }
        }
        let answer = try #require(refused)
        #expect(answer.headers["retry-after"] == "1")
        #expect(try answer.json == ["message": .text("too many requests")])
        #expect(try await two.status("nobody").status == 400)
      }

      @Test("guessing tokens is limited as well, and does not touch those who have one")
      func guessing() async throws {
        let sandbox = try SandboxProcess()
        let integrator = try await Integrator(sandbox)
        let client = WireClient(sandbox.port)
        var statuses: Set<Int> = []
        for _ in 0..<100 {
          statuses.insert(
            try await client.ask(
              "POST", "/v3/unify", "{}", headers: ["Authorization": "Bearer x"]
            ).status)
        }
        #expect(statuses == [401, 429])
        #expect(try await integrator.status("nobody").status == 400)
      }

      @Test(
        "1,000 clients that send a byte and wait are ended in time and cost little, others are served",
        .timeLimit(.minutes(10)))
      func slow() async throws {
        let sandbox = try SandboxProcess()
        let integrator = try await Integrator(sandbox)
        let before = try await Self.metric("resident_bytes", sandbox)
        var clients: [WireClient] = []
        OpenFileLimit.raise()
        for _ in 0..<1000 {
          let client = WireClient(sandbox.port)
          try await client.send("P")
          clients.append(client)
        }
        #expect(try await integrator.status("nobody").status == 400)
        #expect(try await Self.metric("connections_open", sandbox) > 950)
        let during = try await Self.metric("resident_bytes", sandbox)
        #expect(during - before < 64 << 20, "\((during - before) / 1000) bytes a connection")
        // Each is ended by the sandbox, not by us: reading meets the end.
        for client in clients { #expect(await client.readSome() == []) }
        #expect(try await Self.metric("connections_late_total", sandbox) >= 1000)
        #expect(try await Self.metric("connections_open", sandbox) < 10)
        print("slow clients: \((during - before) / 1000) bytes each")
      }

      @Test("an answer that is being made is sent when the sandbox stops; then nobody is there")
      func stops() async throws {
        let sandbox = try SandboxProcess()
        let idle = WireClient(sandbox.port)
        #expect(try await idle.ask("GET", "/health").status == 200)
        #expect(sandbox.stop() == 0)
        #expect(await idle.readSome() == [])
        await #expect(throws: (any Error).self) { try await WireClient(sandbox.port).connect() }
      }

      // MARK: Helpers

      static func metric(_ name: String, _ sandbox: SandboxProcess) async throws -> Int {
        let client = WireClient(sandbox.port)
        defer { client.close() }
        let text = try await client.ask("GET", "/metrics").text
        let line = text.split(separator: "\n").first { $0.hasPrefix("provekey_sandbox_\(name) ") }
        return try #require(line?.split(separator: " ").last.flatMap { Int($0) })
      }
    }
  }
#endif
