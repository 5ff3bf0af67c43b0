import Glibc

/// Standard input and output as they come from the operating system, without a buffer between.
package enum StandardStreams: Sendable {
  /// Why a stream could not be used.
  package enum Problem: Error, Equatable, Sendable {
    /// Nobody reads what is written any longer.
    case closed
    /// The operating system refused: `errno`.
    case system(Int32)
  }

  /// Lets a write that nobody reads fail with ``Problem/closed`` rather than end the process.
  package static func ignoreBrokenPipes() {
    // It refuses only numbers that are no signals.
    _ = signal(SIGPIPE, SIG_IGN)
  }

  /// Waits for bytes on standard input; none at its end.
  /// - Parameter limit: the most bytes to give.
  package static func readInput(limit: Int) throws(Problem) -> [UInt8] {
    try read(STDIN_FILENO, limit: limit)
  }

  /// Writes all bytes to standard output.
  package static func writeOutput(_ bytes: [UInt8]) throws(Problem) {
    try write(bytes, to: STDOUT_FILENO)
  }

  static func read(_ descriptor: Int32, limit: Int) throws(Problem) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: limit)
    while true {
      let count = unsafe bytes.withUnsafeMutableBytes { buffer in
        unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      }
      if count >= 0 {
        bytes.removeLast(limit - count)
        return bytes
      }
      try wait(descriptor, for: POLLIN)
    }
  }

  static func write(_ bytes: [UInt8], to descriptor: Int32) throws(Problem) {
    var done = 0
    while done < bytes.count {
      let step = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.write(
          descriptor, buffer.baseAddress.map { unsafe $0 + done }, buffer.count - done)
      }
      if step >= 0 {
        done += step
      } else {
        try wait(descriptor, for: POLLOUT)
      }
    }
  }

  /// Waits until a descriptor that does not block by itself is ready; nothing after a signal.
  private static func wait(_ descriptor: Int32, for event: Int32) throws(Problem) {
    switch errno {
    case EINTR: return
    case EPIPE: throw .closed
    case EAGAIN:
      var request = pollfd(fd: descriptor, events: Int16(event), revents: 0)
      // Whatever it says, the next attempt says it again.
      _ = unsafe poll(&request, 1, -1)
    default: throw .system(errno)
    }
  }
}
