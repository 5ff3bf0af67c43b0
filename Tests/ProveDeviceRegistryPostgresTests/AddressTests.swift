import Testing

@testable import ProveDeviceRegistryPostgres

@Suite("A connection string")
struct AddressTests {
  private func hosts(_ text: String) throws -> [[String: String]] {
    let address = try ServerAddress(text)
    return (0..<address.hostCount).map { host in
      Dictionary(
        address.parameters(host: host, role: .any).map { ($0.keyword, $0.value) },
        uniquingKeysWith: { $1 })
    }
  }

  @Test("gives each host its port, and what is common to each")
  func lists() throws {
    let found = try hosts("postgresql://user:secret@a:1,b:2/registry?sslmode=verify-full")
    #expect(found.map { $0["host"] } == ["a", "b"])
    #expect(found.map { $0["port"] } == ["1", "2"])
    #expect(found.allSatisfy { $0["dbname"] == "registry" && $0["sslmode"] == "verify-full" })
    #expect(found.allSatisfy { $0["password"] == "secret" })
    #expect(try hosts("host=a,b,c port=7").map { $0["port"] } == ["7", "7", "7"])
    #expect(try hosts("dbname=x").count == 1)
    #expect(try hosts("host=/run/x user=y")[0]["host"] == "/run/x")
    #expect(try hosts("hostaddr=10.0.0.1,10.0.0.2")[1]["hostaddr"] == "10.0.0.2")
    #expect(try hosts("dbname=x")[0]["fallback_application_name"] == "prove-device-registry")
    #expect(try hosts("application_name=mine")[0]["application_name"] == "mine")
  }

  @Test("says which server it wants and how long connecting may take")
  func wishes() throws {
    let address = try ServerAddress("target_session_attrs=prefer-standby connect_timeout=3")
    #expect(address.role == .preferStandby)
    #expect(address.connectTimeoutMilliseconds == 3000)
    #expect(try ServerAddress("dbname=x").role == nil)
    #expect(ServerAddress.Role.preferStandby.passes == [.standby, .any])
  }

  @Test(
    "that cannot be read is refused without being repeated",
    arguments: [
      "password=hunter2 nonsense", "postgresql://u:hunter2@h/db?what=1", "host=a,b port=1,2,3",
      "target_session_attrs=hunter2", "password='hunter2",
    ])
  func malformed(text: String) {
    let error = #expect(throws: PostgresError.self) { try ServerAddress(text) }
    #expect(error?.kind == .settingsMalformed)
    #expect(error.map { "\($0)".contains("hunter2") } == false)
  }
}

@Suite("An error of PostgreSQL's")
struct StateTests {
  @Test(
    "is told apart by its SQLSTATE",
    arguments: [
      ("40001", PostgresError.Kind.serialization), ("40P01", .serialization),
      ("08006", .connectionLost), ("57P01", .connectionLost), ("57P02", .connectionLost),
      ("57P03", .connectionLost), ("25006", .notPrimary), ("57014", .timedOut),
      ("55P03", .timedOut), ("53300", .tooManyConnections), ("53100", .diskFull),
      ("42501", .permissionDenied), ("28P01", .permissionDenied), ("28000", .permissionDenied),
      ("3D000", .databaseMissing), ("42P01", .schemaMissing), ("23505", .duplicate),
      ("XX001", .corrupt), ("22P02", .other), ("25P03", .connectionLost),
    ])
  func kinds(code: String, kind: PostgresError.Kind) throws {
    #expect(PostgresError.Kind(try #require(SQLState(code))) == kind)
  }

  @Test("has a state of five digits and capitals, found at the end of a refusal")
  func states() {
    #expect(SQLState("4000") == nil)
    #expect(SQLState("4000a") == nil)
    #expect(SQLState("400012") == nil)
    let refusal = "connection to server at \"127.0.0.1\", port 5 failed: FATAL:  28P01\n"
    #expect(SQLState(endOf: refusal)?.code == "28P01")
    #expect(SQLState(endOf: "connection refused") == nil)
    #expect(SQLState(endOf: "could not translate host name to ADDRS") == nil)
    #expect(SQLState(endOf: "") == nil)
  }
}
