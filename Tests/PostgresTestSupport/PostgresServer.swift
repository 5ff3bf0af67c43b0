import Foundation
import ProveKeyPlatform

/// A PostgreSQL server of this process's own, in a temporary folder, on a socket in it and on the
/// loopback; it writes as carefully as one in production.
package final class PostgresServer: Sendable {
  /// The folder of the server, with `data` in it.
  package let folder: String
  /// The port on the loopback, and of the socket.
  package let port: Int

  /// The server that suites share which do not harm it.
  package static let shared: Result<PostgresServer, any Error> = Result { try PostgresServer() }

  private static let settings = [
    "fsync=on", "synchronous_commit=on", "wal_level=replica", "max_connections=300",
    "max_wal_senders=8", "hot_standby=on", "shared_buffers=64MB", "listen_addresses='127.0.0.1'",
    "log_min_messages=warning", "log_statement=none", "wal_keep_size=64MB",
  ]

  /// Makes and starts a server.
  package init(_ more: [String] = []) throws {
    (folder, port) = try Self.place()
    try Shell.run(
      Shell.asServer([
        try ServerFolder.program("initdb"), "-D", folder + "/data", "-U", "postgres", "-A", "trust",
        "-E", "UTF8", "--locale=C", "--no-sync",
      ]))
    try configure(more)
    try start()
  }

  /// Makes and starts a replica that follows `primary`.
  package init(following primary: PostgresServer, name: String) throws {
    (folder, port) = try Self.place()
    try Shell.run(
      Shell.asServer([
        try ServerFolder.program("pg_basebackup"), "-D", folder + "/data", "-R", "-X", "stream",
        "-c", "fast",
        "-d", "\(primary.address(database: "postgres")) application_name=\(name)",
      ]))
    try configure([])
    try start()
  }

  private static func place() throws -> (folder: String, port: Int) {
    let port = try Shell.freePort()
    let folder = try ServerFolder.path.get() + "/\(port)"
    try Shell.run(Shell.asServer(["mkdir", "-m", "700", folder]))
    return (folder, port)
  }

  private func configure(_ more: [String]) throws {
    let lines = Self.settings + ["port=\(port)", "unix_socket_directories='\(folder)'"] + more
    try append(lines.joined(separator: "\n") + "\n", to: "postgresql.conf")
  }

  /// Appends text to one of the server's files.
  package func append(_ text: String, to name: String) throws {
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: folder + "/data/" + name))
    try file.seekToEnd()
    try file.write(contentsOf: Data(text.utf8))
    try file.close()
  }

  /// Starts the server and waits until it takes connections.
  package func start() throws {
    // Right after a SIGKILL the old server's processes may not have noticed yet.
    for attempt in 1... {
      do {
        try Shell.run(
          Shell.asServer([
            try ServerFolder.program("pg_ctl"), "-D", folder + "/data", "-l", folder + "/log", "-w",
            "-t", "60", "start",
          ]))
        return
      } catch {
        // A server that was never written has no log.
        let log = (try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? ""
        guard attempt < 20 else { throw ShellError(description: "\(error) \(log.suffix(2000))") }
        usleep(200_000)
      }
    }
  }

  /// Kills the server's first process, and with it all, as a power cut of the machine would.
  package func kill() throws {
    let text = try String(contentsOfFile: folder + "/data/postmaster.pid", encoding: .utf8)
    guard let line = text.split(separator: "\n").first, let pid = Int32(line) else {
      throw ShellError(description: "no process to kill")
    }
    let children = (try? Shell.run(["pgrep", "-P", "\(pid)"])) ?? ""  // it may have none
    for child in [pid] + children.split(separator: "\n").compactMap({ Int32($0) }) {
      Glibc.kill(child, SIGKILL)
    }
  }

  /// Stops all the server's processes where they are, or lets them go on.
  package func freeze(_ isFrozen: Bool) throws {
    let text = try String(contentsOfFile: folder + "/data/postmaster.pid", encoding: .utf8)
    guard let line = text.split(separator: "\n").first, let pid = Int32(line) else { return }
    let children = (try? Shell.run(["pgrep", "-P", "\(pid)"])) ?? ""  // it may have none
    for child in [pid] + children.split(separator: "\n").compactMap({ Int32($0) }) {
      Glibc.kill(child, isFrozen ? SIGSTOP : SIGCONT)
    }
  }

  /// Stops the server at once.
  package func stop() throws {
    try Shell.run(
      Shell.asServer([
        try ServerFolder.program("pg_ctl"), "-D", folder + "/data", "-m", "immediate", "-w", "stop",
      ]))
  }

  /// Makes a replica the primary.
  package func promote() throws {
    try Shell.run(
      Shell.asServer([
        try ServerFolder.program("pg_ctl"), "-D", folder + "/data", "-w", "promote",
      ]))
  }

  /// Makes the server read its configuration again.
  package func reload() throws {
    try Shell.run(
      Shell.asServer([try ServerFolder.program("pg_ctl"), "-D", folder + "/data", "reload"]))
  }

  /// Runs SQL through PostgreSQL's own client.
  @discardableResult
  package func sql(_ text: String, in database: String = "postgres") throws -> String {
    try Shell.run([
      try ServerFolder.program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
      "-d", address(database: database), "-c", text,
    ]).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// The connection string of a database over the socket.
  package func address(database: String) -> String {
    "host=\(folder) port=\(port) user=postgres dbname=\(database)"
  }

  /// The connection string of a database over the loopback.
  package func tcpAddress(database: String) -> String {
    "host=127.0.0.1 port=\(port) user=postgres dbname=\(database)"
  }

  private static let nextDatabase = Locked(0)

  /// A database that nobody has used.
  package func freshDatabase() throws -> String {
    let number = Self.nextDatabase.withLock { number in
      number += 1
      return number
    }
    let name = "test_\(number)"
    try sql("CREATE DATABASE \(name)")
    return name
  }
}
