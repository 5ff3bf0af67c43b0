import Foundation
import Testing

/// The demonstration as a program, held against the table of test users written out here anew.
@Suite("provekey demo")
struct DemoTests {
  private static let members: Set<String> = [
    "user", "phone", "channel", "run", "success", "possession", "proveId", "deviceId",
    "phoneNumber", "decision", "code", "note",
  ]

  /// What a row is, without the ids that differ each time.
  private struct Row: Equatable, CustomStringConvertible {
    let phone: String
    let channel: String
    let run: String
    let success: String?
    let possession: String?
    let hasProveID: Bool
    let hasDeviceID: Bool
    let number: String?
    let code: Int?

    var description: String {
      "\(phone) \(channel) \(run): \(success ?? "-") by \(possession ?? "-")"
        + " proveId \(hasProveID) deviceId \(hasDeviceID) \(number ?? "-") \(code ?? 0)"
    }
  }

  private static func row(
    _ phone: String, _ channel: String, _ run: String, _ success: String, _ possession: String,
    deviceID: Bool, number: String
  ) -> Row {
    Row(
      phone: phone, channel: channel, run: run, success: success, possession: possession,
      hasProveID: success == "true", hasDeviceID: deviceID, number: number, code: nil)
  }

  private func rows(_ objects: [[String: JSONValue]]) throws -> [Row] {
    try objects.map { object in
      var code: Int?
      if case .number(let number) = object["code"] { code = number }
      return Row(
        phone: try #require(object["phone"]?.text), channel: try #require(object["channel"]?.text),
        run: try #require(object["run"]?.text), success: object["success"]?.text,
        possession: object["possession"]?.text, hasProveID: object["proveId"] != nil,
        hasDeviceID: object["deviceId"] != nil, number: object["phoneNumber"]?.text, code: code)
    }
  }

  @Test("every test user comes out as the public table says, on mobile, again, and on desktop")
  func testUsers() throws {
    let program = try Program()
    let run = try program.run(["demo", "--json"])
    #expect(run.status == 0)
    #expect(run.errors == "")
    let objects = try run.objects()
    for object in objects {
      #expect(Set(object.keys).isSubset(of: Self.members))
      #expect(!object.values.contains(.text("")), "absent facts are left out")
    }
    let rows = try rows(objects)

    var expected: [Row] = []
    for (phone, number) in [("2001004014", "+12001004014"), ("+2001004025", "+2001004025")] {
      expected += [
        Self.row(phone, "mobile", "first", "true", "otp", deviceID: true, number: number),
        Self.row(phone, "mobile", "again", "true", "none", deviceID: true, number: number),
        Self.row(phone, "desktop", "first", "true", "instantLink", deviceID: false, number: number),
      ]
    }
    for (phone, number) in [("2001004015", "+12001004015"), ("+2001004026", "+2001004026")] {
      expected += [
        Self.row(phone, "mobile", "first", "false", "otp", deviceID: false, number: number),
        Self.row(
          phone, "desktop", "first", "false", "instantLink", deviceID: false, number: number),
      ]
    }
    for (phone, number) in [("2001004016", "+12001004016"), ("+2001004027", "+2001004027")] {
      expected += [
        Self.row(phone, "mobile", "first", "true", "mobileAuth", deviceID: true, number: number),
        Self.row(phone, "mobile", "again", "true", "none", deviceID: true, number: number),
      ]
    }
    expected += [
      Self.row(
        "2001004017", "mobile", "first", "false", "otp", deviceID: false, number: "+12001004017"),
      Self.row(
        "+2001004028", "mobile", "first", "false", "mobileAuth", deviceID: false,
        number: "+2001004028"),
    ]
    for (phone, number) in [("2001004041", "+12001004041"), ("+2001004043", "+2001004043")] {
      expected += [
        Self.row(phone, "mobile", "first", "true", "otp", deviceID: true, number: number),
        Self.row(phone, "mobile", "again", "true", "none", deviceID: true, number: number),
        Self.row(
          phone, "mobile", "reputation-first", "false", "otp", deviceID: false, number: number),
        Self.row(phone, "mobile", "reputation", "false", "none", deviceID: false, number: number),
        Row(
          phone: phone, channel: "mobile", run: "revoked", success: nil, possession: "none",
          hasProveID: false, hasDeviceID: false, number: nil, code: 8019),
      ]
    }
    for (phone, number) in [("2001004018", "+12001004018"), ("+2001004029", "+2001004029")] {
      for channel in ["mobile", "desktop"] {
        expected.append(
          Self.row(phone, channel, "first", "true", "none", deviceID: false, number: number))
      }
    }
    for row in expected { #expect(rows.contains(row), "missing: \(row)") }
    #expect(Set(rows.map(\.phone)).count == 12, "twelve people, however alike their numbers")
    try program.remove()
  }

  @Test("the stories come out row by row of the decision table")
  func stories() throws {
    let program = try Program()
    let objects = try program.run(["demo", "--json"]).objects()
    func decisions(_ runs: [String]) -> [String?] {
      runs.map { run in
        objects.first { $0["run"] == .text(run) }?["decision"]?.text
      }
    }
    #expect(
      decisions(["first", "again", "revoked", "customer-supplied", "unify-bind"]) == [
        "D11", "D10", "D2", "D11", "D11",
      ])
    #expect(
      decisions(["other-number", "rebind-fails", "still-bound", "rebind", "old-number"]) == [
        "D8", "D4", "D10", "D4", "D8",
      ])
    #expect(
      decisions(["stored-device", "no-stored-device", "recovered", "in-time", "inactive"]) == [
        "D12", "D17", "D16", "D10", "D7",
      ])
    try program.remove()
  }

  @Test("--keep leaves files that only their owner reads, that verify, and that name nobody")
  func keep() throws {
    let program = try Program()
    let kept = program.path("kept")
    #expect(try program.run(["demo", "--json", "--keep", kept]).status == 0)
    let again = try program.run(["demo", "--keep", kept])
    #expect(again.status == 1, "a folder that is there is not written into")
    #expect(again.errors.contains("already"))

    let stages = try FileManager.default.contentsOfDirectory(atPath: kept)
    #expect(stages.count > 12)
    for stage in stages {
      let folder = kept + "/" + stage
      for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
        let file = folder + "/" + name
        let attributes = try FileManager.default.attributesOfItem(atPath: file)
        #expect((attributes[.posixPermissions] as? Int) == 0o600, "\(name)")
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        for secret in ["2001004014", "2001004025", "shop.example", "tenant", "one-browser"] {
          #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(secret) stands in \(name)")
        }
      }
    }
    let stage = kept + "/lorant-nerger-many"
    let vault = try program.run([
      "vault", "verify", stage + "/device.vault", "--key-file", stage + "/vault.key", "--json",
    ])
    #expect(vault.status == 0)
    #expect(try vault.objects().first?["sound"] == .flag(true))
    let registry = try program.run([
      "registry", "verify", "--store", "sqlite:" + stage + "/registry.sqlite", "--key-file",
      stage + "/registry.key", "--tenant", "demo", "--json",
    ])
    #expect(registry.status == 0)
    #expect(try registry.objects().first?["registrations"] == .number(3))
    try program.remove()
  }
}
