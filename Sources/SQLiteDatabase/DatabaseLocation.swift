import CSQLite
import Glibc

/// Where a database lies, in the form that SQLite cannot misread.
struct DatabaseLocation {
  /// `:memory:`, or an absolute path.
  ///
  /// A library compiled with SQLITE_USE_URI (Debian's is) would take a relative path that starts
  /// with `file:` for a URI, with parameters that switch off locking.
  let path: String
  /// What the location adds to the flags of opening.
  let openFlags: Int32

  /// Resolves the folder, so that symbolic links in it are followed and those below it are not.
  ///
  /// A path for a named VFS is that VFS's own affair.
  init(_ path: String, vfs: String?) throws(DatabaseError) {
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw DatabaseError(.invalidPath, operation: "open")
    }
    if path == ":memory:" || vfs != nil {
      self.path = path
      openFlags = 0
      return
    }
    let (folder, name) = Self.split(path)
    guard !name.isEmpty, name != ".", name != ".." else {
      throw DatabaseError(.notARegularFile, operation: "open")
    }
    guard let resolved = unsafe realpath(folder, nil) else {
      let error = errno
      throw DatabaseError(
        error == ENOENT || error == ENOTDIR
          ? .folderMissing : DatabaseError.Kind(systemErrno: error) ?? .other,
        operation: "open", systemErrno: error)
    }
    defer { unsafe free(resolved) }
    let base = unsafe String(cString: resolved)
    self.path = base == "/" ? "/" + name : base + "/" + name
    openFlags = SQLITE_OPEN_NOFOLLOW
  }

  /// The folder that holds the file.
  var folder: String { Self.split(path).folder }

  private static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    let folder = path[..<slash]
    return (folder.isEmpty ? "/" : String(folder), String(path[path.index(after: slash)...]))
  }
}
