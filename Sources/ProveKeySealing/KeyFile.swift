import CLinux
import Glibc

/// A file of exactly 32 random bytes that unlocks a store, readable by its owner alone.
///
/// - K1. The file has its name only when it is whole and on disk: a crash leaves all of it or none. What
///   it may leave beside it, `.new-` and a random number, was nobody's key and may be removed.
public struct KeyFile: Sendable {
  /// Bytes of a key file.
  public static let byteCount = 32

  /// Creates a key file with mode 0600; when it returns, the file and its name are on disk.
  ///
  /// - Throws: ``SealingError/keyFile(_:)`` with ``KeyFileProblem/alreadyExists`` or
  ///   ``KeyFileProblem/cannotCreate(_:)``; nothing is left behind.
  public static func create(at path: String) throws(SealingError) {
    try create(at: path, naming: {})
  }

  /// Creates a key file; `naming` runs when all of it is on disk and has no name of its own yet.
  static func create(at path: String, naming: () -> Void) throws(SealingError) {
    var status = stat()
    // Told at once, not only when the name is given: then nothing is written.
    guard unsafe lstat(path, &status) != 0 else { throw .keyFile(.alreadyExists) }
    let key = try SecretBytes.random(count: byteCount)
    var generator = SecureRandomNumberGenerator()
    let new = path + ".new-" + String(generator.next() as UInt64, radix: 16)
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
    let descriptor = unsafe open(new, flags, 0o600)
    guard descriptor >= 0 else { throw .keyFile(.cannotCreate(errno)) }
    do throws(SealingError) {
      defer { close(descriptor) }
      // The umask may have taken the owner's own permissions away.
      guard fchmod(descriptor, 0o600) == 0 else { throw .keyFile(.cannotCreate(errno)) }
      try write(key, to: descriptor)
      guard fsync(descriptor) == 0 else { throw .keyFile(.cannotCreate(errno)) }
      naming()
      try give(new, theName: path)
    } catch {
      unsafe unlink(new)
      throw error
    }
    try syncFolder(of: path, takingAway: path)
  }

  /// Gives the file its name unless something has it already.
  private static func give(_ new: String, theName path: String) throws(SealingError) {
    if unsafe pk_rename_new(new, path) == 0 { return }
    // A kernel or file system without such a renaming: a second name, and the first goes.
    if errno == EINVAL || errno == ENOSYS, unsafe link(new, path) == 0 {
      unsafe unlink(new)
      return
    }
    throw .keyFile(errno == EEXIST ? .alreadyExists : .cannotCreate(errno))
  }

  /// Reads a key file into guarded memory after checking who else could.
  ///
  /// The checks are made on the opened file, so that what a symbolic link leads to counts and
  /// nothing can be exchanged between check and read.
  static func read(at path: String) throws(SealingError) -> SecretBytes {
    // Without O_NONBLOCK opening a pipe would wait for its writer.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else {
      throw .keyFile(errno == ENOENT ? .missing : .unreadable(errno))
    }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw .keyFile(.unreadable(errno)) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .keyFile(.notRegularFile) }
    guard status.st_mode & 0o077 == 0 else { throw .keyFile(.exposed) }
    guard status.st_size == byteCount else { throw .keyFile(.wrongSize) }
    return try SecretBytes(count: byteCount) { span throws(SealingError) in
      try fill(&span, from: descriptor)
    }
  }

  private static func write(
    _ key: borrowing SecretBytes, to descriptor: Int32
  ) throws(SealingError) {
    let problem: KeyFileProblem? = key.withBytes { span in
      unsafe span.withUnsafeBufferPointer { bytes in
        var written = 0
        while written < bytes.count {
          guard let base = bytes.baseAddress else { return nil }
          let step = unsafe Glibc.write(descriptor, base + written, bytes.count - written)
          if step < 0 && errno == EINTR { continue }
          guard step > 0 else { return .cannotCreate(errno) }
          written += step
        }
        return nil
      }
    }
    if let problem { throw .keyFile(problem) }
  }

  private static func fill(
    _ span: inout MutableSpan<UInt8>, from descriptor: Int32
  ) throws(SealingError) {
    let problem: KeyFileProblem? = unsafe span.withUnsafeMutableBufferPointer { bytes in
      var done = 0
      while done < bytes.count {
        guard let base = bytes.baseAddress else { return nil }
        let step = unsafe Glibc.read(descriptor, base + done, bytes.count - done)
        if step < 0 && errno == EINTR { continue }
        guard step >= 0 else { return .unreadable(errno) }
        guard step > 0 else { return .wrongSize }
        done += step
      }
      return nil
    }
    if let problem { throw .keyFile(problem) }
  }

  /// Makes the file's name durable, or takes it away again: a new name lives in its folder.
  private static func syncFolder(
    of path: String, takingAway name: String
  ) throws(SealingError) {
    do throws(SealingError) {
      try syncFolder(of: path)
    } catch {
      unsafe unlink(name)
      throw error
    }
  }

  private static func syncFolder(of path: String) throws(SealingError) {
    let folder: String
    if let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) {
      folder = slash == path.startIndex ? "/" : String(path[..<slash])
    } else {
      folder = "."
    }
    let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .keyFile(.cannotCreate(errno)) }
    defer { close(descriptor) }
    // Some file systems cannot synchronize a folder and say so: nothing more can be done there.
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw .keyFile(.cannotCreate(errno)) }
  }
}
