import Glibc
import ProveKeyPlatform

/// One use that this process makes of a database's file, until it is forgotten.
///
/// POSIX record locks belong to the process: they do not keep two users in it apart, and the first of
/// these who closes the file drops the locks of the other. So the uses are counted here.
final class FileUse {
  private struct Identity: Hashable {
    let device: dev_t
    let inode: ino_t
  }

  private enum Kind {
    case open(Int)
    case alone
  }

  private static let uses = Locked<[Identity: Kind]>([:])
  private let identity: Identity

  /// A connection's use; nothing when there is no such file (yet).
  /// - Throws: ``DatabaseError`` with `.inUse` while somebody in this process has it alone.
  convenience init?(opening path: String) throws(DatabaseError) {
    guard let identity = Self.identity(path) else { return nil }
    try self.init(identity) { kind in
      switch kind {
      case nil: .open(1)
      case .open(let count): .open(count + 1)
      case .alone: nil
      }
    }
  }

  /// The use of somebody who wants nobody else to have the file; nothing when there is no such file.
  /// - Throws: ``DatabaseError`` with `.inUse` while anybody in this process has it open.
  convenience init?(alone path: String) throws(DatabaseError) {
    guard let identity = Self.identity(path) else { return nil }
    try self.init(identity) { $0 == nil ? .alone : nil }
  }

  private init(_ identity: Identity, _ next: (Kind?) -> Kind?) throws(DatabaseError) {
    let isGranted = Self.uses.withLock { uses in
      guard let kind = next(uses[identity]) else { return false }
      uses[identity] = kind
      return true
    }
    guard isGranted else { throw DatabaseError(.inUse, operation: "open") }
    self.identity = identity  // last: of what was refused there is nothing to be forgotten
  }

  deinit {
    Self.uses.withLock { uses in
      if case .open(let count)? = uses[identity], count > 1 {
        uses[identity] = .open(count - 1)
      } else {
        uses[identity] = nil
      }
    }
  }

  private static func identity(_ path: String) -> Identity? {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return nil }
    return Identity(device: status.st_dev, inode: status.st_ino)
  }
}
