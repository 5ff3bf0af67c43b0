import Glibc

/// A file of the owner's alone that is written from front to back, and may be gone on with later.
package final class OutputFile {
  private let descriptor: Int32
  private var isOpen = true
  /// The last whole line of a file that is gone on with, without its end.
  package private(set) var lastLine: [UInt8]?

  /// Makes a file, of mode 0600, where nothing stands.
  /// - Throws: ``DurableFile/Problem/system(_:)``, with `EEXIST` when something stands there.
  package init(creating path: String) throws(DurableFile.Problem) {
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
    descriptor = unsafe open(path, flags, 0o600)
    guard descriptor >= 0 else { throw .system(errno) }
  }

  /// Opens a file of lines to go on with it; a last line that has no end is cut away.
  /// - Parameter lineLimit: the longest line that it may end with, in bytes.
  /// - Throws: ``DurableFile/Problem``; with `notUsable` when it is no regular file or ends with a
  ///   longer line.
  package init(continuing path: String, lineLimit: Int) throws(DurableFile.Problem) {
    descriptor = unsafe open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else { throw errno == ELOOP ? .notUsable : .system(errno) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw .notUsable
    }
    let size = Int(status.st_size)
    // The end of the last whole line and, before it, that line and the end of the one before.
    let tail = try read(last: min(size, 2 * lineLimit + 2), of: size)
    guard let end = tail.lastIndex(of: 0x0A) else {
      guard size <= lineLimit else { throw .notUsable }
      try cut(to: 0)
      return
    }
    let start = tail[..<end].lastIndex(of: 0x0A).map { $0 + 1 } ?? tail.startIndex
    guard end - start <= lineLimit, start > tail.startIndex || tail.count == size else {
      throw .notUsable
    }
    lastLine = Array(tail[start..<end])
    try cut(to: size - tail.count + end + 1)
  }

  deinit {
    if isOpen, descriptor >= 0 { close(descriptor) }
  }

  /// Writes bytes after those that are there.
  package func write(_ bytes: [UInt8]) throws(DurableFile.Problem) {
    do throws(StandardStreams.Problem) { try StandardStreams.write(bytes, to: descriptor) } catch {
      switch error {
      case .closed: throw .system(EPIPE)
      case .system(let code): throw .system(code)
      }
    }
  }

  /// Puts all of it on disk and closes the file.
  package func finish() throws(DurableFile.Problem) {
    let status = fsync(descriptor)
    let code = errno
    isOpen = false
    close(descriptor)
    guard status == 0 else { throw .system(code) }
  }

  private func read(last count: Int, of size: Int) throws(DurableFile.Problem) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let step = unsafe bytes.withUnsafeMutableBytes { buffer in
        unsafe pread(
          descriptor, buffer.baseAddress.map { unsafe $0 + done }, buffer.count - done,
          off_t(size - count + done))
      }
      if step < 0, errno == EINTR { continue }
      guard step > 0 else { throw step < 0 ? .system(errno) : .notUsable }
      done += step
    }
    return bytes
  }

  private func cut(to size: Int) throws(DurableFile.Problem) {
    guard ftruncate(descriptor, off_t(size)) == 0, lseek(descriptor, off_t(size), SEEK_SET) >= 0
    else { throw .system(errno) }
  }
}
