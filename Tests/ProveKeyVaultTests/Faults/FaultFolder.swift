import CFaultVFS
import Testing

/// A folder whose files go through the fault file system from here to the end of this value.
///
/// Every file in it must be closed before then.
@safe
final class FaultFolder {
  private let watched: OpaquePointer

  /// Which operations may fail.
  struct Operations: OptionSet {
    let rawValue: UInt32

    static let reads = Operations(rawValue: PKS_READ.rawValue)
    static let writes = Operations(rawValue: PKS_WRITE.rawValue)
    static let syncs = Operations(rawValue: PKS_SYNC.rawValue)
    static let all = Operations(rawValue: PKS_ALL.rawValue)
  }

  /// - Parameter records: whether what happens is kept for ``events``.
  init(_ path: String, records: Bool) throws {
    try #require(pks_faults_install() == 0)
    unsafe watched = try #require(unsafe pks_watch(path, records ? 1 : 0))
  }

  deinit { unsafe pks_unwatch(watched) }

  /// How many events have been recorded.
  var eventCount: Int { unsafe pks_event_count(watched) }

  /// How many operations there have been.
  var operationCount: Int { unsafe pks_operation_count(watched) }

  /// Fails the operation of this number, counted from 1 and from now; with `stays`, all after it.
  func fail(_ number: Int, of operations: Operations = .all, stays: Bool, full: Bool = false) {
    unsafe pks_fail(
      watched, Int32(operations.rawValue), number, stays ? 1 : 0, full ? 1 : 0)
  }

  /// Nothing fails from here on; gives how many operations did.
  @discardableResult
  func mend() -> Int { unsafe pks_mend(watched) }

  /// What happened, in order.
  var events: [DiskEvent] {
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
