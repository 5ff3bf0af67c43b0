#if Sandbox
  import Foundation
  import Testing

  /// The table of public test users, over HTTP, with the built program on both sides.
  @Suite("the twelve test users over HTTP")
  struct TwelveUsersTests {
    /// What a run is expected to end with; written out from the table, not from the code.
    struct Row: Sendable, CustomTestStringConvertible {
      let name: String
      let phone: String
      var channel = "mobile"
      var sendsPhone = true
      var extra = ""
      let device: [String]?
      let success: String
      var possession = "otp"
      var hasDeviceID = false
      var showsPhone = true

      var testDescription: String { "\(name), \(channel)\(extra.isEmpty ? "" : ", reputation")" }

      var e164: String { phone.hasPrefix("+") ? phone : "+1" + phone }
    }

    static let desktop = #","finalTargetUrl":"https://shop.example/done""#

    static func link(_ phone: String) -> [String] {
      ["--secondary", "--tap-link", "--phone", phone]
    }

    static func sim(_ phone: String, _ code: String) -> [String] {
      ["--sim", phone.hasPrefix("+") ? phone : "+1" + phone, "--otp", code]
    }

    static let rows: [Row] =
      [("2001004014", "Lorant"), ("+2001004025", "Bertie")].flatMap { phone, name in
        [
          Row(
            name: name, phone: phone, device: ["--otp", "1234"], success: "true",
            hasDeviceID: true),
          Row(
            name: name, phone: phone, channel: "desktop", extra: desktop, device: link(phone),
            success: "true", possession: "instantLink"),
        ]
      }
      + [("2001004015", "Laney"), ("+2001004026", "Bonnie")].flatMap { phone, name in
        [
          Row(name: name, phone: phone, device: ["--otp", "1111"], success: "false"),
          Row(
            name: name, phone: phone, channel: "desktop", extra: desktop, device: link(phone),
            success: "false", possession: "instantLink"),
        ]
      }
      + [("2001004016", "Inge"), ("+2001004027", "Allissa")].map { phone, name in
        Row(
          name: name, phone: phone, sendsPhone: false, device: sim(phone, "1111"),
          success: "true", possession: "mobileAuth", hasDeviceID: true)
      }
      + [
        Row(
          name: "Jesse", phone: "2001004017", device: sim("2001004017", "1111"), success: "false")
      ]
      + [("2001004041", "Penny"), ("+2001004043", "Amii")].flatMap { phone, name in
        [
          Row(
            name: name, phone: phone, device: sim(phone, "1234"), success: "true",
            hasDeviceID: true),
          Row(
            name: name, phone: phone, extra: #","checkReputation":true"#,
            device: sim(phone, "1234"), success: "false"),
        ]
      }
      + [
        Row(
          name: "Wendy", phone: "+2001004028", device: sim("+2001004028", "1234"),
          success: "false", possession: "mobileAuth", showsPhone: true),
        Row(
          name: "Barbaraanne", phone: "2001004018", device: nil, success: "true",
          possession: "none"),
        Row(
          name: "Janos", phone: "+2001004029", device: nil, success: "true", possession: "none"),
        Row(
          name: "Barbaraanne", phone: "2001004018", channel: "desktop", extra: desktop,
          device: nil, success: "true", possession: "none"),
      ]

    @Test(
      "each user ends as the table says, and again by the key, past a restart before unify-status",
      arguments: SandboxEngine.allCases)
    func users(on engine: SandboxEngine) async throws {
      let sandbox = try engine.start()
      let integrator = try await Integrator(sandbox)
      for (index, row) in Self.rows.enumerated() {
        let first = try await Self.run(
          row, sandbox, integrator, vault: "device\(index)", restarting: true)
        #expect(first["success"]?.text == row.success, "\(row.testDescription)")
        #expect((first["deviceId"] != nil) == row.hasDeviceID, "\(row.testDescription)")
        #expect((first["proveId"] != nil) == (row.success == "true"), "\(row.testDescription)")
        if row.showsPhone { #expect(first["phoneNumber"]?.text == row.e164, "\(row.name)") }
        #expect(
          first["evaluation"]?["proveKey"]?["possession"]?.text == row.possession,
          "\(row.testDescription)")
        guard row.hasDeviceID else { continue }
        // Again, with no way to prove possession: the key alone.
        var again = row
        again = Row(
          name: row.name, phone: row.phone, sendsPhone: row.sendsPhone, device: [],
          success: "true")
        let second = try await Self.run(
          again, sandbox, integrator, vault: "device\(index)", restarting: true)
        #expect(second["success"]?.text == "true", "\(row.name) again")
        #expect(second["deviceId"] == first["deviceId"], "\(row.name) again")
        #expect(second["proveId"] == first["proveId"], "\(row.name) again")
        #expect(second["evaluation"]?["proveKey"]?["possession"]?.text == "none", "\(row.name)")
      }
    }

    @Test(
      "a revoked key is 8019, and the device drops it and may enrol anew",
      arguments: SandboxEngine.allCases)
    func revoked(on engine: SandboxEngine) async throws {
      let sandbox = try engine.start()
      let integrator = try await Integrator(sandbox)
      let penny = Row(
        name: "Penny", phone: "2001004041", device: Self.sim("2001004041", "1234"),
        success: "true")
      let first = try await Self.run(penny, sandbox, integrator, vault: "penny")
      let id = try #require(first["deviceId"]?.text)
      let revocation = try await integrator.call(
        "/v3/device/revoke", #"{"clientRequestId":"r","deviceId":"\#(id)"}"#)
      #expect(revocation.text == #"{"success":true}"#)

      let flow = try await integrator.unify(
        #""possessionType":"mobile","phoneNumber":"2001004041""#)
      let run = try sandbox.authenticate(
        flow.authToken, Self.sim("2001004041", "1234"), vault: "penny")
      #expect(run.exit == 1)
      #expect(run.reason == "revoked")
      let status = try await integrator.status(flow.correlationID)
      #expect(status.status == 403)
      #expect(status.text == #"{"code":8019,"message":"device has been revoked"}"#)

      let anew = try await Self.run(penny, sandbox, integrator, vault: "penny")
      #expect(anew["success"]?.text == "true")
      #expect(anew["deviceId"]?.text != id)
    }

    /// Runs a flow and gives its status.
    /// - Parameter isRestarted: whether the sandbox is, between the device's part and unify-status.
    static func run(
      _ row: Row, _ sandbox: SandboxProcess, _ integrator: Integrator, vault: String,
      restarting isRestarted: Bool = false
    ) async throws -> [String: JSON] {
      let phone = row.sendsPhone ? ",\"phoneNumber\":\"\(row.phone)\"" : ""
      let flow = try await integrator.unify(
        "\"possessionType\":\"\(row.channel)\"\(phone)\(row.extra)")
      if let device = row.device {
        let run = try sandbox.authenticate(flow.authToken, device, vault: vault)
        #expect(run.success == row.success, "\(row.testDescription): \(run.errors)")
        #expect(run.exit == (row.success == "true" ? 0 : 1))
      }
      if isRestarted {
        integrator.client.close()
        try sandbox.restart()
        integrator.follow(sandbox)
      }
      let status = try await integrator.status(flow.correlationID)
      #expect(status.status == 200, "\(row.testDescription)")
      return try status.json
    }
  }
#endif
