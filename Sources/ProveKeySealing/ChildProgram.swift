import CLinux
import Glibc
import ProveKeyPlatform

/// A program that is run for one question and one answer, with limits on both.
///
/// The whole question is in the pipe before the program starts, while this process still holds the
/// end that is read from: so no signal and no error comes of a program that does not read it. The
/// program leads a process group of its own, has three descriptors and no more, and no signal of its
/// parent's is blocked or ignored in it.
struct ChildProgram: Sendable {
  let arguments: [String]
  let environment: [String]
  let timeLimitMilliseconds: Int
  /// How a signal is sent to a group of processes; another one for tests.
  var signal: @Sendable (pid_t, Int32) -> Int32 = { Glibc.kill(-$0, $1) }

  /// Runs the program and reads what it says on standard output.
  ///
  /// - Parameter question: must fit a pipe, which holds at least 4096 bytes, usually 65,536.
  /// - Returns: the exit status, and how many bytes of `answer` were filled.
  /// - Throws: ``KeyEncryptionProviderError/unavailable`` when it cannot be started, else
  ///   ``KeyEncryptionProviderError/failed(code:)`` with `ETIMEDOUT`, with `EMSGSIZE` for an answer
  ///   that does not fit, with `ECANCELED` when a signal ended it, or with what a call failed with.
  ///   It is not running any more then, unless it is one that this process may not end, such as a
  ///   setuid program that has become another user's for good: that one is left to itself.
  func run(
    _ question: borrowing SecretBytes, answer: inout MutableSpan<UInt8>
  ) throws(KeyEncryptionProviderError) -> (status: Int32, count: Int) {
    Child.takeAwayTheEnded()
    let input = try Pipe()
    let output = try Pipe()
    try input.fill(with: question)
    let child = try start(reading: input.readEnd.number, writing: output.writeEnd.number)
    // From here on the program alone holds them, so that its end is the answer's end.
    input.readEnd.close()
    output.writeEnd.close()
    let deadline = ContinuousClock.now + .milliseconds(timeLimitMilliseconds)
    do throws(KeyEncryptionProviderError) {
      let count = try output.drain(into: &answer, until: deadline)
      return (try child.status(until: deadline), count)
    } catch {
      child.end(by: signal)
      throw error
    }
  }

  private func start(
    reading input: Int32, writing output: Int32
  ) throws(KeyEncryptionProviderError) -> Child {
    var actions = unsafe posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    unsafe posix_spawn_file_actions_init(&actions)
    unsafe posix_spawnattr_init(&attributes)
    defer {
      unsafe posix_spawn_file_actions_destroy(&actions)
      unsafe posix_spawnattr_destroy(&attributes)
    }
    unsafe posix_spawn_file_actions_adddup2(&actions, input, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
    unsafe posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    // Descriptors that others in this process opened without close-on-exec.
    unsafe posix_spawn_file_actions_addclosefrom_np(&actions, 3)
    var (none, all) = (sigset_t(), sigset_t())
    unsafe sigemptyset(&none)
    unsafe sigfillset(&all)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setsigdefault(&attributes, &all)
    unsafe posix_spawnattr_setpgroup(&attributes, 0)
    let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags))

    var argv = unsafe arguments.map { unsafe strdup($0) } + [nil]
    var envp = unsafe environment.map { unsafe strdup($0) } + [nil]
    defer {
      unsafe (argv + envp).forEach { unsafe free($0) }
    }
    var process: pid_t = 0
    let status = unsafe posix_spawn(&process, arguments[0], &actions, &attributes, &argv, &envp)
    switch status {
    case 0: return Child(process: process)
    case ENOENT, EACCES, ENOTDIR, ENOEXEC, ELOOP, ENAMETOOLONG: throw .unavailable
    default: throw .failed(code: status)
    }
  }
}

/// A program that was started and whose end nobody has waited for yet.
private struct Child {
  let process: pid_t

  /// Waits for the end; where SIGCHLD is ignored the system keeps no status, and that is an error.
  func status(until deadline: ContinuousClock.Instant) throws(KeyEncryptionProviderError) -> Int32 {
    while true {
      var status: Int32 = 0
      let ended = unsafe waitpid(process, &status, WNOHANG)
      if ended == process {
        // What it started and left behind holds neither pipe, but may go on: that is its business.
        guard status & 0x7F == 0 else { throw .failed(code: ECANCELED) }
        return (status >> 8) & 0xFF
      }
      guard ended == 0 || errno == EINTR else { throw .failed(code: errno) }
      guard ContinuousClock.now < deadline else { throw .failed(code: ETIMEDOUT) }
      usleep(1_000)  // between its last word and its end there is next to nothing
    }
  }

  /// Ends it and what it started, and takes its status away.
  ///
  /// The system may refuse the signal, to the program itself or to some of its group, and tells only
  /// when it refused all: so it is not waited for longer than a signal takes. Whenever it ends by
  /// itself, its status is taken away when the next program is run.
  func end(by signal: (pid_t, Int32) -> Int32) {
    _ = signal(process, SIGKILL)
    let deadline = ContinuousClock.now + .milliseconds(Self.endingMilliseconds)
    while ContinuousClock.now < deadline {
      if takeStatus() { return }
      usleep(1_000)
    }
    Self.left.withLock { $0.append(self) }
  }

  /// Takes away what is left of programs that could not be ended and have ended since.
  static func takeAwayTheEnded() {
    left.withLock { left in left.removeAll { $0.takeStatus() } }
  }

  /// Programs that could not be ended; a number stays theirs until their status is taken away.
  private static let left = Locked<[Child]>([])

  private static let endingMilliseconds = 500

  /// Whether it has ended, and nothing of it is left to be asked for.
  private func takeStatus() -> Bool {
    var status: Int32 = 0
    return unsafe waitpid(process, &status, WNOHANG) != 0
  }
}

/// A descriptor that is closed once.
private final class Descriptor {
  private(set) var number: Int32

  /// Takes over a descriptor; one of 0 to 2 is moved up, where the child's own will not be.
  init(_ number: Int32) {
    guard number <= 2 else {
      self.number = number
      return
    }
    self.number = fcntl(number, F_DUPFD_CLOEXEC, 3)
    Glibc.close(number)
  }

  deinit { close() }

  func close() {
    if number >= 0 { Glibc.close(number) }
    number = -1
  }
}

private struct Pipe {
  let readEnd: Descriptor
  let writeEnd: Descriptor

  init() throws(KeyEncryptionProviderError) {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe2(&ends, O_CLOEXEC) == 0 else { throw .failed(code: errno) }
    readEnd = Descriptor(ends[0])
    writeEnd = Descriptor(ends[1])
  }

  /// Writes all of `bytes` and closes the end that is written to.
  func fill(with bytes: borrowing SecretBytes) throws(KeyEncryptionProviderError) {
    guard fcntl(writeEnd.number, F_SETFL, O_NONBLOCK) == 0 else { throw .failed(code: errno) }
    let code: Int32 = bytes.withBytes { bytes in
      unsafe bytes.withUnsafeBufferPointer { bytes in
        guard let base = bytes.baseAddress else { return 0 }
        var done = 0
        while done < bytes.count {
          let step = unsafe write(writeEnd.number, base + done, bytes.count - done)
          if step < 0, errno == EINTR { continue }
          guard step > 0 else { return step < 0 ? errno : EIO }
          done += step
        }
        return 0
      }
    }
    guard code == 0 else { throw .failed(code: code) }
    writeEnd.close()
  }

  /// Reads to the end; an answer that does not fit, or takes too long, is an error.
  func drain(
    into answer: inout MutableSpan<UInt8>, until deadline: ContinuousClock.Instant
  ) throws(KeyEncryptionProviderError) -> Int {
    var count = 0
    while true {
      try waitForBytes(until: deadline)
      let (step, code) = unsafe answer.withUnsafeMutableBufferPointer { answer in
        var beyond: UInt8 = 0  // tells an answer that just fits from a longer one
        let left = answer.count - count
        guard left > 0, let base = answer.baseAddress else {
          return (unsafe read(readEnd.number, &beyond, 1), errno)
        }
        return (unsafe read(readEnd.number, base + count, left), errno)
      }
      if step == 0 { return count }
      if step < 0, code == EINTR { continue }
      guard step > 0 else { throw .failed(code: code) }
      guard count < answer.count else { throw .failed(code: EMSGSIZE) }
      count += step
    }
  }

  private func waitForBytes(
    until deadline: ContinuousClock.Instant
  ) throws(KeyEncryptionProviderError) {
    while true {
      let left = (deadline - ContinuousClock.now).components
      let milliseconds = left.seconds * 1_000 + left.attoseconds / 1_000_000_000_000_000
      guard milliseconds > 0 else { throw .failed(code: ETIMEDOUT) }
      var request = pollfd(fd: readEnd.number, events: Int16(POLLIN), revents: 0)
      let ready = unsafe poll(&request, 1, Int32(clamping: milliseconds))
      if ready > 0 { return }
      guard ready == 0 || errno == EINTR else { throw .failed(code: errno) }
    }
  }
}
