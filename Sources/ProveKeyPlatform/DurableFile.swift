import Glibc

/// A small file of the owner's alone that is replaced whole and durably, or not at all.
package struct DurableFile: Sendable {
  /// Why the file could not be used.
  package enum Problem: Error, Equatable, Sendable {
    /// Group or others may use it (the mode's lower nine bits).
    case exposed(mode: UInt32)
    /// It is a folder, a link or a device, or longer than what is kept in it.
    case notUsable
    /// The operating system refused: `errno`.
    case system(Int32)
  }

  /// The file's path.
  package let path: String

  /// Names a file; nothing is looked at yet.
  package init(path: String) {
    self.path = path
  }

  /// Whether something stands at the path, be it a link that leads nowhere.
  package var isThere: Bool {
    var status = stat()
    return unsafe lstat(path, &status) == 0
  }

  /// The file's bytes; nothing when there is none.
  /// - Parameter limit: the most bytes that it may have.
  package func read(limit: Int) throws(Problem) -> [UInt8]? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw errno == ELOOP ? .notUsable : .system(errno)
    }
    defer { close(descriptor) }
    let size = try Self.check(descriptor)
    guard size <= limit else { throw .notUsable }
    var bytes = [UInt8](repeating: 0, count: size)
    var done = 0
    while done < size {
      let step = unsafe bytes.withUnsafeMutableBytes { buffer in
        unsafe Glibc.read(
          descriptor, buffer.baseAddress.map { unsafe $0 + done }, buffer.count - done)
      }
      if step < 0, errno == EINTR { continue }
      guard step > 0 else { throw step < 0 ? .system(errno) : .notUsable }
      done += step
    }
    return bytes
  }

  /// Puts `bytes` in the place of what the file holds; on disk, name included, when it returns.
  ///
  /// Call it within ``withLock(_:)`` where several processes may: they share the new file's name.
  package func replace(with bytes: [UInt8]) throws(Problem) {
    let new = path + ".new"
    unsafe unlink(new)  // left by a crash, if anything is there
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
    let descriptor = unsafe open(new, flags, 0o600)
    guard descriptor >= 0 else { throw .system(errno) }
    do throws(Problem) {
      defer { close(descriptor) }  // nothing is lost by it: it was synchronized
      // The umask may have taken the owner's own permissions away.
      guard fchmod(descriptor, 0o600) == 0 else { throw .system(errno) }
      try Self.write(bytes, to: descriptor)
      guard fsync(descriptor) == 0 else { throw .system(errno) }
    } catch {
      unsafe unlink(new)
      throw error
    }
    guard unsafe rename(new, path) == 0 else { throw .system(errno) }
    try synchronizeFolder()
  }

  /// Runs `body` while no other process, and no other thread, is in here for the same path.
  ///
  /// The lock is on a file beside it, which stays: the file itself is replaced.
  package func withLock<R>(_ body: () throws(Problem) -> R) throws(Problem) -> R {
    let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW
    let descriptor = unsafe open(path + ".lock", flags, 0o600)
    guard descriptor >= 0 else { throw .system(errno) }
    defer { close(descriptor) }  // gives the lock up
    while flock(descriptor, LOCK_EX) != 0 {
      guard errno == EINTR else { throw .system(errno) }
    }
    return try body()
  }

  /// Copies the file to a new one of mode 0600; one that is not there is not copied.
  ///
  /// Not for a file that this process has open elsewhere under POSIX record locks: it loses them.
  /// - Returns: whether there was a file.
  @discardableResult
  package func copy(to target: String) throws(Problem) -> Bool {
    let source = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard source >= 0 else {
      if errno == ENOENT { return false }
      throw errno == ELOOP ? .notUsable : .system(errno)
    }
    defer { close(source) }
    _ = try Self.check(source)
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
    let descriptor = unsafe open(target, flags, 0o600)
    guard descriptor >= 0 else { throw .system(errno) }
    defer { close(descriptor) }  // a copy that is not finished is for the caller to remove
    guard fchmod(descriptor, 0o600) == 0 else { throw .system(errno) }
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let step = unsafe buffer.withUnsafeMutableBytes { buffer in
        unsafe Glibc.read(source, buffer.baseAddress, buffer.count)
      }
      if step < 0, errno == EINTR { continue }
      guard step >= 0 else { throw .system(errno) }
      guard step > 0 else { return true }
      try Self.write(Array(buffer[..<step]), to: descriptor)
    }
  }

  /// Removes the file's name durably; one that is not there is no problem.
  package func remove() throws(Problem) {
    guard unsafe unlink(path) == 0 || errno == ENOENT else { throw .system(errno) }
    try synchronizeFolder()
  }

  /// Overwrites the file with zeros in place and durably; one that is not there has no bytes.
  ///
  /// Not for a file that this process has open elsewhere under POSIX record locks: it loses them.
  /// - Returns: how many bytes were overwritten.
  package func overwrite() throws(Problem) -> Int {
    let descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT { return 0 }
      throw .system(errno)
    }
    defer { close(descriptor) }
    let size = try Self.check(descriptor)
    let zeros = [UInt8](repeating: 0, count: 1 << 16)
    var left = size
    while left > 0 {
      try Self.write(left < zeros.count ? Array(zeros[..<left]) : zeros, to: descriptor)
      left -= min(left, zeros.count)
    }
    guard fsync(descriptor) == 0 else { throw .system(errno) }
    return size
  }

  /// Makes the names in the file's folder durable.
  package func synchronizeFolder() throws(Problem) {
    let slash = path.lastIndex(of: "/")
    let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(errno) }
    defer { close(descriptor) }
    // Some file systems cannot synchronize a folder and say so: nothing more can be done there.
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw .system(errno) }
  }

  /// Refuses what is no regular file or may be used by others; gives the size.
  private static func check(_ descriptor: Int32) throws(Problem) -> Int {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw .system(errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notUsable }
    let mode = status.st_mode & 0o777
    guard mode & 0o077 == 0 else { throw .exposed(mode: mode) }
    return Int(status.st_size)
  }

  private static func write(_ bytes: [UInt8], to descriptor: Int32) throws(Problem) {
    var done = 0
    while done < bytes.count {
      let step = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.write(
          descriptor, buffer.baseAddress.map { unsafe $0 + done }, buffer.count - done)
      }
      if step < 0, errno == EINTR { continue }
      guard step > 0 else { throw .system(step < 0 ? errno : EIO) }
      done += step
    }
  }
}
