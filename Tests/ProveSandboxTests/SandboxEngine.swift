#if Sandbox
  import Foundation
  import PostgresTestSupport
  import Testing

  /// What the sandbox's registry stands on.
  enum SandboxEngine: String, CaseIterable, CustomTestStringConvertible {
    case sqlite, postgres

    var testDescription: String { rawValue }

    /// Starts a sandbox on a registry of its own.
    func start() throws -> SandboxProcess {
      guard self == .postgres else { return try SandboxProcess() }
      let server = try PostgresServer.shared.get()
      let folder = server.folder.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
      let url =
        "postgresql:///\(try server.freshDatabase())?host=\(folder)&port=\(server.port)"
        + "&user=postgres"
      let key = FileManager.default.temporaryDirectory
        .appendingPathComponent("sandbox-key-" + UUID().uuidString).path
      // The key must outlive a restart; it is the process's own, like the server.
      try Shell.run([
        SandboxProcess.program.path, "registry", "init", "--store", url, "--key-file", key,
        "--create-key-file", "--tenant", "sandbox",
      ])
      return try SandboxProcess(["--store", url, "--key-file", key])
    }
  }
#endif
