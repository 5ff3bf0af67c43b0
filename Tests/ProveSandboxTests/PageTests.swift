#if Sandbox
  import Foundation
  import ProveKeyModel
  import Testing

  @testable import ProveSandbox

  /// The page's own answers; what a browser makes of them is tested in `Tests/Browser`.
  @Suite("the page of the sandbox")
  struct PageTests {
    @Test("the rows of the page are in the words of decision-table.md")
    func words() throws {
      let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
      let text = try String(
        contentsOf: root.appendingPathComponent("docs/decision-table.md"), encoding: .utf8)
      var rows: [String: String] = [:]
      for match in text.matches(of: /\n\| (D\d+) \| ([^|]+) \|/) {
        rows[String(match.1)] = String(match.2.replacing("`", with: ""))
      }
      #expect(rows.count == DecisionRow.allCases.count)
      for row in DecisionRow.allCases { #expect(rows[row.description] == row.words) }
    }

    @Test("every file of the page is there, and of the right type")
    func assets() {
      for name in PageAsset.names {
        let asset = PageAsset(named: name)
        #expect(asset?.bytes.isEmpty == false, "\(name)")
        #expect(asset?.type.hasPrefix(name.hasSuffix(".js") ? "text/javascript" : "") == true)
      }
      #expect(PageAsset(named: "index.html") == nil)
      #expect(PageAsset.page.contains("nonce=\"{{nonce}}\""))
    }

    @Test(
      "a host that would say more than its name does not reach the policy",
      arguments: ["a; script-src *", "a b", "a'b", "a\"b", "", "a/b", "ä.example"])
    func policy(host: String) {
      let plain = WalkRoutes.policy("n", host: nil)
      #expect(WalkRoutes.policy("n", host: host) == plain)
      #expect(plain.contains("connect-src 'self';"))
      #expect(
        WalkRoutes.policy("n", host: "[::1]:8080").contains(
          "connect-src 'self' ws://[::1]:8080 wss://[::1]:8080;"))
    }

    @Test("a flow without a cookie is refused by name, with one it is the browser's own")
    func cookies() async throws {
      let sandbox = try SandboxProcess()
      let client = WireClient(sandbox.port)
      let body = #"{"possessionType":"mobile","phoneNumber":"2001004018"}"#
      let refused = try await client.ask("POST", "/page/auth-start", body)
      #expect(refused.status == 403)
      #expect(try refused.json["reason"]?.text == "cookiesDisabled")

      let page = try await client.ask("GET", "/")
      let header = try #require(page.headers["set-cookie"])
      #expect(header.hasSuffix("; Path=/; Max-Age=15552000; HttpOnly; SameSite=Strict"))
      let cookie = String(header.prefix { $0 != ";" })
      let started = try await client.ask(
        "POST", "/page/auth-start", body, headers: ["Cookie": cookie])
      #expect(started.headers["set-cookie"] == nil)
      let flow = try #require(try started.json["flow"]?.text)
      #expect(try started.json["correlationId"] == nil)
      let finish = #"{"flow":"\#(flow)"}"#
      let finished = try await client.ask(
        "POST", "/page/auth-finish", finish, headers: ["Cookie": cookie])
      #expect(try finished.json["success"]?.text == "true")

      let other = try await client.ask("GET", "/")
      let otherCookie = String(try #require(other.headers["set-cookie"]).prefix { $0 != ";" })
      let foreign = try await client.ask(
        "POST", "/page/auth-finish", finish, headers: ["Cookie": otherCookie])
      #expect(foreign.text == #"{"code":8008,"message":"invalid correlation ID"}"#)
    }

    @Test("a page elsewhere can send nothing to the back end", arguments: ["text/plain", ""])
    func otherSites(type: String) async throws {
      let sandbox = try SandboxProcess()
      let client = WireClient(sandbox.port)
      for path in ["auth-start", "auth-finish", "bind", "revoke", "view"] {
        let answer = try await client.ask(
          "POST", "/page/" + path, "{}", headers: ["Content-Type": type])
        #expect(answer.status == 400, "\(path)")
        #expect(answer.headers["access-control-allow-origin"] == nil)
      }
    }

    @Test(
      "a look that cannot be read names the field",
      arguments: [
        ("possessionType", #"{"possessionType":"x"}"#),
        ("phoneNumber", #"{"possessionType":"mobile","phoneNumber":"x"}"#),
        ("visitorId", #"{"possessionType":"mobile","visitorId":""}"#),
        ("deviceId", #"{"possessionType":"mobile","deviceId":""}"#),
        ("presentedDeviceId", #"{"possessionType":"mobile","presentedDeviceId":""}"#),
      ])
    func looks(field: String, body: String) async throws {
      let sandbox = try SandboxProcess()
      let answer = try await WireClient(sandbox.port).ask("POST", "/page/view", body)
      #expect(answer.status == 400)
      #expect(answer.text.contains(field))
    }

    @Test("looking changes nothing: no event, no challenge spent, no ticket")
    func lookingChangesNothing() async throws {
      let sandbox = try SandboxProcess()
      let integrator = try await Integrator(sandbox)
      let flow = try await integrator.unify(
        #""possessionType":"mobile","phoneNumber":"2001004014""#)
      let run = try sandbox.authenticate(flow.authToken)
      let id = try #require(run.deviceID)
      let client = WireClient(sandbox.port)
      // A number that is not the bound one: as a decision, a refusal that would be kept.
      let body = """
        {"possessionType":"mobile","phoneNumber":"+2001004025","presentedDeviceId":"\(id)"}
        """
      let first = try await client.ask("POST", "/page/view", body).json
      #expect(first["decision"]?["row"] == .text("D8"))
      let second = try await client.ask("POST", "/page/view", body).json
      #expect(first["events"] == second["events"])
      guard case .list(let events) = first["events"] else {
        Issue.record("there are events")
        return
      }
      #expect(events.compactMap { $0["kind"]?.text } == ["placed", "bound"])
    }

    @Test("browsers and their flows are remembered in bounds")
    func bounds() {
      let sessions = PageSessions()
      let first = sessions.begin()
      let flow = sessions.add("correlation", to: first)
      #expect(sessions.correlationID(of: flow, in: first) == "correlation")
      for _ in 0..<PageSessions.flowLimit { _ = sessions.add("another", to: first) }
      #expect(sessions.correlationID(of: flow, in: first) == nil)
      for _ in 0..<PageSessions.limit { _ = sessions.begin() }
      #expect(!sessions.isKnown(first))
    }
  }
#endif
