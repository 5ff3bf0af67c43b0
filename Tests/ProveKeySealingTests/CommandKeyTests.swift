import Glibc
import ProveKeySealing
import Testing

@Suite("A program as key-encryption provider")
struct CommandKeyTests {
  private typealias Failure = KeyEncryptionProviderError
  private let folder: TemporaryFolderBox
  private let key = SecureRandom.bytes(32)

  init() throws { folder = try TemporaryFolderBox() }

  /// A provider whose program is this shell script.
  private func script(
    _ text: String, named file: String = "provider", milliseconds: Int = 20_000
  ) throws -> CommandKeyProvider {
    let path = try folder.folder.write(Array("#!/bin/sh\n\(text)\n".utf8), to: file, mode: 0o700)
    return try #require(
      CommandKeyProvider(
        name: "script", arguments: [path, "an argument; exit 3"],
        environment: ["PATH": "/usr/bin:/bin"], timeLimitMilliseconds: milliseconds))
  }

  /// "Wraps" by giving back what it was given: enough to see what goes where.
  private static let echo = "read operation context bytes; printf '%s\\n' \"$bytes\""

  @Test("a program gets operation, context and bytes in one line, and its answer comes back")
  func wireFormat() throws {
    let provider = try script(
      "read -r line; printf '%s\\n' \"$line\" >> \(folder.folder.path)/seen; set -- $line; "
        + "printf '%s\\n' \"$3\"")
    let key = [UInt8](repeating: 0, count: 32)
    let (wrapped, back) = try roundTrip(provider, key, context: [255, 254, 253, 252])
    #expect(wrapped == key && back == key)
    let encoded = String(repeating: "A", count: 43) + "="
    #expect(
      try folder.text("seen") == "wrap //79/A== \(encoded)\nunwrap //79/A== \(encoded)\n")
  }

  @Test(
    "arguments reach the program as they are, and no shell reads them; the environment is given")
  func noShell() throws {
    let provider = try script(
      "[ $# = 1 ] && [ \"$1\" = 'an argument; exit 3' ] || exit 9; "
        + "[ -z \"$HOME$USER\" ] || exit 8; \(Self.echo)")
    #expect(try roundTrip(provider, key).back == key)
  }

  @Test("the exit statuses 10, 11 and 12 have their meaning, and any other is a failure")
  func statuses() throws {
    let expected: [(Int32, Failure)] = [
      (10, .keyGone), (11, .refused), (12, .unavailable), (1, .failed(code: 1)),
      (255, .failed(code: 255)),
    ]
    for (status, error) in expected {
      // Also when there is an answer that could be taken for one.
      let provider = try script("\(Self.echo); exit \(status)", named: "exit-\(status)")
      #expect(throws: error) { try roundTrip(provider, key) }
    }
    let killed = try script("kill -KILL $$", named: "killed")
    #expect(throws: Failure.failed(code: ECANCELED)) { try roundTrip(killed, key) }
  }

  @Test("an answer that is no base64, too long, too short or of several lines is refused")
  func answers() throws {
    let zeros = String(repeating: "A", count: 43) + "="
    for (index, answer) in [
      "", "\\n", "no base64!\\n", "\(zeros)\\n\(zeros)\\n", " \(zeros)\\n", "\(zeros) \\n",
      "AAA\\n",
      "=AAA\\n", "\(zeros)\\n\\n",
    ].enumerated() {
      let provider = try script("cat > /dev/null; printf '\(answer)'", named: "answer-\(index)")
      #expect(throws: Failure.failed(code: EBADMSG), "\(answer)") { try roundTrip(provider, key) }
    }
    // Longer than a key: wrapped bytes may be, an unwrapped key may not.
    let long = try script("cat > /dev/null; printf '\(zeros)AAAA\\n'", named: "long")
    #expect(throws: Failure.failed(code: EBADMSG)) { _ = try long.unwrap([1], context: []) }
    let endless = try script(
      "cat > /dev/null; while :; do echo AAAAAAAAAAAAAAAA; done", named: "endless")
    #expect(throws: Failure.failed(code: EMSGSIZE)) { try roundTrip(endless, key) }
    let windows = try script("read a b c; printf '%s\\r\\n' \"$c\"", named: "windows")
    #expect(try roundTrip(windows, key).back == key)
  }

  @Test("4096 wrapped bytes go both ways, and one more is refused")
  func wrappedLimit() throws {
    for (count, fits) in [(4096, true), (4097, false)] {
      let provider = try script(
        "read a b c; [ $a = wrap ] || exit 1; head -c \(count) /dev/zero | base64 -w 0",
        named: "many-\(count)")
      let wrapped = try? provider.wrap(SecretBytes(copying: key.span), context: [])
      #expect((wrapped?.count == count) == fits)
    }
    let echo = try script(
      "read a b c; [ ${#c} = 5464 ] && printf \(String(repeating: "A", count: 43))=")
    let back = try echo.unwrap([UInt8](repeating: 7, count: 4096), context: [1]).count
    #expect(back == 32)
  }

  @Test("a program that does not end is killed with what it started, and the time is kept")
  func timeLimit() throws {
    let pidFile = folder.folder.path + "/pid"
    let provider = try script(
      "sleep 600 & echo $! > \(pidFile); wait", milliseconds: 300)
    let start = ContinuousClock.now
    #expect(throws: Failure.failed(code: ETIMEDOUT)) { try roundTrip(provider, key) }
    #expect(ContinuousClock.now - start < .seconds(300))
    let text = try folder.text("pid")
    if let pid = pid_t(text.split(separator: "\n").first ?? "") {
      // Killed with its group; it may still stand in the table until init has taken notice.
      var tries = 0
      while isRunning(pid), tries < 10_000 {
        usleep(1_000)
        tries += 1
      }
      #expect(!isRunning(pid))
    }
  }

  private func isRunning(_ pid: pid_t) -> Bool {
    guard let status = try? readText("/proc/\(pid)/stat") else { return false }
    return !status.contains(") Z ")
  }

  @Test("a program that reads nothing harms nobody, and one that is not there is out of reach")
  func unread() throws {
    let deaf = try script("exec 0<&-; printf \(String(repeating: "A", count: 43))=", named: "deaf")
    #expect(try roundTrip(deaf, key).back == [UInt8](repeating: 0, count: 32))
    let missing = try #require(
      CommandKeyProvider(name: "missing", arguments: [folder.folder.path + "/none"]))
    #expect(throws: Failure.unavailable) { try roundTrip(missing, key) }
  }

  @Test("the program has no descriptor of ours beyond the three")
  func descriptors() throws {
    // Opened without close-on-exec, as code elsewhere in a process may do.
    let file = unsafe open("/dev/null", O_RDONLY)
    let leak = fcntl(file, F_DUPFD, 200)
    defer {
      close(leak)
      close(file)
    }
    let provider = try script("ls /proc/$$/fd > \(folder.folder.path)/fds; \(Self.echo)")
    _ = try roundTrip(provider, key)
    let numbers = try folder.text("fds").split(separator: "\n").compactMap { Int($0) }
    #expect(numbers.count { $0 <= 2 } == 3 && !numbers.contains(Int(leak)))
    // What else there is the shell has opened itself, for its script.
    #expect(numbers.allSatisfy { $0 < 200 })
  }

  @Test("a store is locked by a program and opens with it, and a lost key is told")
  func store() throws {
    let provider = try script("[ -e \(folder.folder.path)/gone ] && exit 10; \(Self.echo)")
    let (keys, header) = try StoreKeys.create(kind: .vault, unlock: .provider(provider))
    func open() throws(SealingError) {
      _ = try StoreKeys.open(
        header: header, epochs: keys.sealedEpochs, kind: .vault, unlock: .provider(provider))
    }
    try open()
    _ = try folder.folder.write([], to: "gone", mode: 0o600)
    #expect(throws: SealingError.providerKeyGone("script")) { try open() }
  }

  @Test("a relative path, a NUL, a name that is none and a limit out of bounds are refused")
  func arguments() {
    #expect(CommandKeyProvider(name: "n", arguments: []) == nil)
    #expect(CommandKeyProvider(name: "n", arguments: ["sh"]) == nil)
    #expect(CommandKeyProvider(name: "n", arguments: ["/bin/sh", "a\0\u{301}b"]) == nil)
    #expect(CommandKeyProvider(name: "é", arguments: ["/bin/sh"]) == nil)
    #expect(
      CommandKeyProvider(name: "n", arguments: ["/bin/sh"], environment: ["A=\u{301}": ""]) == nil)
    for limit in [0, 600_001] {
      #expect(
        CommandKeyProvider(name: "n", arguments: ["/bin/sh"], timeLimitMilliseconds: limit) == nil)
    }
  }
}

/// A temporary folder that a suite can keep.
final class TemporaryFolderBox: Sendable {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func text(_ name: String) throws -> String { try readText(folder.path + "/" + name) }
}

/// The text of a file of at most 64 KiB.
func readText(_ path: String) throws -> String {
  let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw TemporaryFolder.SystemError(code: errno) }
  defer { close(descriptor) }
  var bytes = [UInt8](repeating: 0, count: 1 << 16)
  let count = unsafe bytes.withUnsafeMutableBytes {
    unsafe read(descriptor, $0.baseAddress, $0.count)
  }
  guard count >= 0 else { throw TemporaryFolder.SystemError(code: errno) }
  return String(decoding: bytes[..<count], as: UTF8.self)
}
