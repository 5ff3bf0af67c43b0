import Foundation

/// The folder of all servers of this test process, and what stops them and removes it.
///
/// A guard process waits for the end of this one, however it comes, on a pipe.
package enum ServerFolder {
  /// The folder; servers live in folders of their own in it.
  package static let path: Result<String, any Error> = Result { try make() }

  /// The folder with initdb and the rest, of the highest version there is.
  package static let programs: Result<String, any Error> = Result {
    let places = ["/usr/lib/postgresql", "/usr/local/lib/postgresql", "/opt/homebrew/opt"]
    let versions = places.flatMap { place in
      // A place that is not there holds no version.
      ((try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []).map {
        (version: Int($0) ?? 0, path: "\(place)/\($0)/bin")
      }
    }
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let found =
      versions.sorted { $0.version > $1.version }.map(\.path)
      + path.split(separator: ":").map(String.init)
    guard
      let folder = found.first(where: {
        FileManager.default.isExecutableFile(atPath: $0 + "/initdb")
      })
    else {
      throw ShellError(
        description: "PostgreSQL's server is not installed: run scripts/install-libraries")
    }
    return folder
  }

  /// A program of the server's.
  package static func program(_ name: String) throws -> String { try programs.get() + "/" + name }

  /// Holds the guard and the pipe's writing end for as long as the process lives.
  private nonisolated(unsafe) static var held: [AnyObject] = []

  private static func make() throws -> String {
    let folder = "/tmp/prove-pg-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    if getuid() == 0 { try Shell.run(["chown", "postgres:postgres", folder]) }
    let pipe = Pipe()
    // No server may inherit the writing end: the guard would wait for it too.
    _ = fcntl(pipe.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
    let keeper = Process()
    keeper.executableURL = URL(fileURLWithPath: "/bin/sh")
    keeper.arguments = [
      "-c",
      """
      trap '' INT TERM HUP
      read -r _
      for file in "$0"/*/*.run; do
        [ -f "$file" ] && kill -KILL "$(cat "$file")" 2>/dev/null
      done
      for file in "$0"/*/data/postmaster.pid; do
        [ -f "$file" ] && kill -QUIT "$(head -n 1 "$file")" 2>/dev/null
      done
      for attempt in 1 2 3 4 5 6 7 8 9 10; do rm -rf "$0" 2>/dev/null && break; sleep 0.3; done
      """, folder,
    ]
    keeper.standardInput = pipe
    keeper.standardOutput = FileHandle.nullDevice
    keeper.standardError = FileHandle.nullDevice
    try keeper.run()
    unsafe held = [keeper, pipe]
    return folder
  }
}
