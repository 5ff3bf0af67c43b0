import Foundation

/// A program that could not be run or did not succeed.
package struct ShellError: Error, CustomStringConvertible {
  package let description: String

  package init(description: String) {
    self.description = description
  }
}

/// Runs the server's own programs.
package enum Shell {
  /// Runs a program to its end.
  /// - Returns: what it wrote to its output.
  @discardableResult
  package static func run(_ words: [String], environment: [String: String] = [:]) throws -> String {
    // Into a file: a server that it starts would keep a pipe open. For the same reason not by
    // Foundation's `Process`, which waits for the end of all that a program has started.
    let log = NSTemporaryDirectory() + "prove-shell-\(UUID().uuidString)"
    defer { unsafe unlink(log) }
    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
      .merging(["LC_ALL": "C"]) { $1 }
    let status = try spawn(
      ["/usr/bin/env"] + words, variables.map { "\($0.key)=\($0.value)" }, log: log)
    let text = try String(contentsOfFile: log, encoding: .utf8)
    guard status == 0 else {
      throw ShellError(description: "\(words.joined(separator: " ")) failed: \(text.suffix(2000))")
    }
    return text
  }

  private static func spawn(
    _ words: [String], _ variables: [String], log: String
  ) throws -> Int32 {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT, 0o600)
    unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
    let arguments = unsafe words.map { unsafe strdup($0) }
    let settings = unsafe variables.map { unsafe strdup($0) }
    defer { unsafe (arguments + settings).forEach { unsafe free($0) } }
    var pid = pid_t()
    let failure = unsafe posix_spawn(
      &pid, words[0], &actions, nil, arguments + [nil], settings + [nil])
    guard failure == 0 else { throw ShellError(description: "\(words) could not be started") }
    var status: Int32 = 0
    while unsafe waitpid(pid, &status, 0) < 0 {
      guard errno == EINTR else { throw ShellError(description: "\(words) was lost") }
    }
    return status
  }

  /// A program as the user who may run a server: PostgreSQL refuses to run as root.
  package static func asServer(_ words: [String]) -> [String] {
    guard getuid() == 0 else { return words }
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"] + words
  }

  /// A TCP port of the loopback that nobody listens on at the moment.
  package static func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        unsafe bind(descriptor, pointer, length) == 0
          && getsockname(descriptor, pointer, &length) == 0
      }
    }
    guard status else { throw ShellError(description: "no free port") }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}
