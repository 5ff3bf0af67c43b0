import CFaultVFS

/// A folder whose files go through the fault file system from here to the end of this value.
///
/// Every file in it must be closed before then.
@safe
package final class FaultFolder: @unchecked Sendable {  // its counters are kept under a lock in C
  private let watched: OpaquePointer

  /// Which operations may fail.
  package struct Operations: OptionSet, Sendable {
    /// The operations as the file system's own bits.
    package let rawValue: UInt32

    /// Takes the file system's own bits.
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Reading.
    package static let reads = Operations(rawValue: PKS_READ.rawValue)
    /// Writing.
    package static let writes = Operations(rawValue: PKS_WRITE.rawValue)
    /// Syncing.
    package static let syncs = Operations(rawValue: PKS_SYNC.rawValue)
    /// Whatever a file system does.
    package static let all = Operations(rawValue: PKS_ALL.rawValue)
  }

  /// Watches a folder.
  /// - Parameter records: whether what happens is kept for ``events``.
  package init(_ path: String, records: Bool) throws {
    guard pks_faults_install() == 0, let folder = unsafe pks_watch(path, records ? 1 : 0) else {
      throw CampaignProblem("the fault file system is not to be had")
    }
    unsafe watched = folder
  }

  deinit { unsafe pks_unwatch(watched) }

  /// How many events have been recorded.
  package var eventCount: Int { unsafe pks_event_count(watched) }

  /// How many operations there have been.
  package var operationCount: Int { unsafe pks_operation_count(watched) }

  /// Fails the operation of this number, counted from 1 and from now; with `stays`, all after it.
  package func fail(
    _ number: Int, of operations: Operations = .all, stays: Bool, full: Bool = false
  ) {
    unsafe pks_fail(
      watched, Int32(operations.rawValue), number, stays ? 1 : 0, full ? 1 : 0)
  }

  /// Nothing fails from here on; gives how many operations did.
  @discardableResult
  package func mend() -> Int { unsafe pks_mend(watched) }

  /// What happened, in order.
  package var events: [DiskEvent] {
    (0..<eventCount).map { index in
      let event = unsafe pks_event_at(watched, index)
      let name = unsafe String(cString: event.name)
      let (operation, detail) = unsafe (UInt32(event.operation), event.detail != 0)
      let offset = unsafe Int(event.offset)
      switch operation {
      case PKS_OPEN.rawValue: return .open(name, isNew: detail)
      case PKS_WRITE.rawValue:
        let bytes = unsafe UnsafeBufferPointer(start: event.bytes, count: Int(event.count))
        return unsafe .write(name, Array(bytes), at: offset)
      case PKS_TRUNCATE.rawValue: return .truncate(name, to: offset)
      case PKS_DELETE.rawValue: return .delete(name, syncsFolder: detail)
      default: return .sync(name, syncsFolder: detail)
      }
    }
  }
}
