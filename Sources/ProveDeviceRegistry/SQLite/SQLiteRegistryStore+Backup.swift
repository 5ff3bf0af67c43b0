import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import SQLiteDatabase

/// What a backup of a registry holds.
public struct RegistryBackupReport: Hashable, Sendable {
  /// Registrations of the copy, each of which was opened.
  public let registrations: Int
  /// Events of the copy, each of which was opened.
  public let events: Int
  /// Bytes of the copy.
  public let byteCount: Int
}

extension SQLiteRegistryStore {
  /// Copies the registry into a new file while this and other processes go on using it.
  ///
  /// The copy is one state of the registry, the one at the last step; it has mode 0600 and the same
  /// unlock method. When this returns it is on disk, and every row of it was read, opened and
  /// checked as a verification does.
  /// - Parameters:
  ///   - path: nothing may stand there.
  ///   - progress: is told between steps how many of how many pages are copied.
  /// - Throws: ``RegistryError/store(_:)`` with `alreadyExists` when something stands at the path,
  ///   and with `corrupt` when the copy is not sound, as it is when the registry is not; nothing is
  ///   left at the path then.
  @discardableResult
  public func backup(
    to path: String, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) async throws(RegistryError) -> RegistryBackupReport {
    try await backup(to: path, pageCount: 256, progress: progress)
  }

  /// Backs up with as many pages at a time as given.
  func backup(
    to path: String, pageCount: Int32, progress: (_ done: Int, _ total: Int) -> Void
  ) async throws(RegistryError) -> RegistryBackupReport {
    for suffix in Self.fileSuffixes where DurableFile(path: path + suffix).isThere {
      throw .store(.alreadyExists)
    }
    let isNew: Bool
    do throws(DatabaseError) {
      isNew = try DatabaseFile(path: path).prepare(access: .readWriteCreate)
    } catch { throw RegistryError(error) }
    guard isNew else { throw .store(.alreadyExists) }
    do throws(RegistryError) {
      try await copy(to: path, pageCount: pageCount, progress: progress)
      return try await verifyCopy(at: path)
    } catch {
      for suffix in Self.fileSuffixes {
        // The failure that led here is the one to tell; a part that stays opens as no registry.
        try? DurableFile(path: path + suffix).remove()
      }
      throw error
    }
  }

  private static let fileSuffixes = ["", "-wal", "-shm", "-journal"]

  private func copy(
    to path: String, pageCount: Int32, progress: (_ done: Int, _ total: Int) -> Void
  ) async throws(RegistryError) {
    do throws(DatabaseError) {
      try await commits.run { writer throws(DatabaseError) in try writer.beginCopy(to: path) }
      var (isDone, restarts, remaining) = (false, 0, Int.max)
      while !isDone {
        // Writers of other processes that start the copy anew wait for the whole of it at last.
        let count = restarts < 8 ? pageCount : -1
        let pages = try await commits.run { writer throws(DatabaseError) in
          try writer.stepCopy(pageCount: count)
        }
        isDone = pages.isDone
        restarts += pages.remaining >= remaining ? 1 : 0
        remaining = pages.remaining
        progress(pages.total - pages.remaining, pages.total)
      }
    } catch {
      // Whatever became of the copy, the writer is to have none open.
      try? await commits.run { writer throws(DatabaseError) in try writer.endCopy() }
      throw RegistryError(error)
    }
  }

  /// Opens the copy with keys of its own and reads everything in it.
  private func verifyCopy(at path: String) async throws(RegistryError) -> RegistryBackupReport {
    let copy = try SQLiteRegistryStore(copyAt: path, of: self)
    let registry = try await DeviceRegistry(unsettled: copy)
    let report = try await registry.verify()
    let statistics = try await copy.statistics()
    try await copy.close()
    guard report.problems.isEmpty else { throw .store(.corrupt) }
    return RegistryBackupReport(
      registrations: report.registrations, events: report.events,
      byteCount: statistics.byteCount ?? 0)
  }
}

extension SQLiteRegistryStore {
  /// The format of a file, which opening it brings up to date; 0 of one that is empty.
  /// - Throws: ``RegistryError/store(_:)``.
  public static func format(at path: String) throws(RegistryError) -> Int32 {
    do throws(DatabaseError) {
      let options = ConnectionOptions(access: .readOnly)
      let connection = try DatabaseFile(path: path).open(options)
      let state = try RegistrySchema.migrator.check(connection)
      let version = try connection.userVersion()
      try connection.close()
      return state == .empty ? 0 : version
    } catch { throw RegistryError(error) }
  }
}
