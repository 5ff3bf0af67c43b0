import Foundation
import PostgresTestSupport
import ProveDeviceRegistry
import ProveKeySealing
import Testing

@testable import ProveDeviceRegistryPostgres

/// A server that takes TLS only, with a certificate of its own making for the name `localhost`.
@Suite("A PostgreSQL over TLS", .serialized)
struct TLSTests {
  private static let server = Result { try make() }

  private static func make() throws -> PostgresServer {
    let server = try PostgresServer()
    for name in ["server", "other"] {
      try Shell.run(
        Shell.asServer([
          "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj",
          "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
          "-keyout", "\(server.folder)/\(name).key", "-out", "\(server.folder)/\(name).crt",
        ]))
      try Shell.run(Shell.asServer(["chmod", "600", "\(server.folder)/\(name).key"]))
    }
    try server.append(
      """
      ssl=on
      ssl_cert_file='\(server.folder)/server.crt'
      ssl_key_file='\(server.folder)/server.key'

      """, to: "postgresql.conf")
    let rules = "local all all trust\nhostssl all all 127.0.0.1/32 trust\n"
    try Data(rules.utf8).write(to: URL(fileURLWithPath: server.folder + "/data/pg_hba.conf"))
    try server.stop()
    try server.start()
    return server
  }

  private func address(
    _ database: String, host: String = "localhost", mode: String, root: String = "server"
  ) throws -> String {
    let server = try Self.server.get()
    return "host=\(host) hostaddr=127.0.0.1 port=\(server.port) user=postgres "
      + "dbname=\(database) sslmode=\(mode) sslrootcert=\(server.folder)/\(root).crt"
  }

  private func problem(_ address: String) -> PostgresError? {
    #expect(throws: PostgresError.self) {
      try ServerConnection.connect(to: ServerAddress(address), SessionSettings())
    }
  }

  @Test("with sslmode=verify-full works against the certificate it trusts, encrypted")
  func verified() async throws {
    let fixture = try await StoreFixture(on: Self.server.get())
    let store = try await fixture.another(
      at: try address(fixture.database, mode: "verify-full"))
    #expect(try await store.write([.insert(row(1))]) == .applied)
    #expect(try await store.registration(at: row(1).device) == row(1))
    let sessions = try fixture.value(
      """
      SELECT bool_and(s.ssl) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid)
      WHERE a.datname = '\(fixture.database)' AND a.client_addr IS NOT NULL
      """)
    #expect(sessions == "t")
    try await store.close()
    try await fixture.store.close()
  }

  @Test("refuses a certificate for another name, and one that nobody it trusts has signed")
  func refused() throws {
    let name = try problem(address("postgres", host: "elsewhere.example", mode: "verify-full"))
    #expect(name?.kind == .cannotConnect)
    #expect(name?.message?.contains("does not match") == true)
    let unknown = try problem(address("postgres", mode: "verify-full", root: "other"))
    #expect(unknown?.kind == .cannotConnect)
    #expect(unknown?.message?.contains("certificate") == true)
  }

  @Test("is not reached without TLS where the server asks for it")
  func plain() throws {
    #expect(try problem(address("postgres", mode: "disable"))?.kind == .permissionDenied)
  }
}
