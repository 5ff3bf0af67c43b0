#if Sandbox
  import Foundation
  import Testing

  /// What is no HTTP, or odd HTTP.
  @Suite("broken clients")
  struct BrokenClientTests {
    let sandbox: SandboxProcess

    init() throws { sandbox = try SandboxProcess() }

    @Test(
      "what is no HTTP is refused and the connection closed",
      arguments: [
        ("hello\r\n\r\n", 400), ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/3.0\r\n\r\n", 505),
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400),
        ("POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        ("POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", 400),
        ("POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (
          "POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          400
        ),
        ("POST /token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        ("POST /token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n", 400),
        ("POST /token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", 400),
        (
          "POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400
        ),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "x", count: 9000), 431),
        (
          "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: y\r\n", count: 100) + "\r\n", 431
        ),
      ])
    func garbage(bytes: String, status: Int) async throws {
      // `fff` is 4095 bytes, which is allowed; the sandbox then waits for them in vain.
      let expected = bytes.hasSuffix("fff\r\n") ? nil : status
      let client = WireClient(sandbox.port)
      try await client.send(bytes)
      if let expected {
        #expect(try await client.read().status == expected)
        #expect(await client.readSome() == [])
      }
      client.close()
    }

    @Test("a body in chunks is read as one, and two requests at once are answered in turn")
    func chunks() async throws {
      let client = WireClient(sandbox.port)
      let head = "POST /token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      try await client.send(
        head + "8;x=y\r\ngrant_ty\r\n6\r\npe=abc\r\n0\r\nTrailer: x\r\n\r\n" + head)
      #expect(try await client.read().text.contains("grant_type"))
      try await client.send("0\r\n\r\n")
      #expect(try await client.read().status == 400)
      client.close()
    }

    @Test("a client that closes its half still gets its answer")
    func halfClosed() async throws {
      let client = WireClient(sandbox.port)
      try await client.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
      client.closeHalf()
      #expect(try await client.read().status == 200)
      #expect(await client.readSome() == [])
      client.close()
    }
  }
#endif
