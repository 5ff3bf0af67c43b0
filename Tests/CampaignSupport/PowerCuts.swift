/// The power is cut at every sync of a recorded life (campaign Q2).
package enum PowerCuts {
  /// What a campaign came to.
  package struct Tally: Sendable {
    /// Syncs of the life.
    package var syncs = 0
    /// Disks that cuts left and that were checked.
    package var images = 0
  }

  /// Builds the disks that a cut before and after each sync, and at the end, may leave.
  ///
  /// Where writes are not synced these are the disk with none of them, the one with all, and some
  /// with a part: one in the short form, 24 in the long one.
  /// - Parameter check: is given the files, how many events had happened, and words for a message.
  package static func atEverySync(
    of events: [DiskEvent],
    _ check: (_ files: [String: [UInt8]], _ count: Int, _ place: String) async throws -> Void
  ) async throws -> Tally {
    var (disk, tally) = (TracedDisk(), Tally())
    for (index, event) in events.enumerated() {
      guard case .sync = event else {
        disk.happen(event)
        continue
      }
      tally.syncs += 1
      tally.images += try await cut(disk, at: index, "before sync \(tally.syncs)", check)
      disk.happen(event)
      // With the sync, though before whatever the program does on its return.
      tally.images += try await cut(disk, at: index, "after sync \(tally.syncs)", check)
    }
    tally.images += try await cut(disk, at: events.count, "at the end", check)
    return tally
  }

  private static func cut(
    _ disk: TracedDisk, at count: Int, _ place: String,
    _ check: ([String: [UInt8]], Int, String) async throws -> Void
  ) async throws -> Int {
    var cuts: [PowerCut] = [.forgotten]
    if disk.isUnsettled {
      let seeds = Campaign.isLong ? 24 : 1
      cuts += [.kept] + (0..<seeds).map { .torn(seed: UInt64(count * 100 + $0)) }
    }
    for cut in cuts { try await check(disk.files(after: cut), count, "\(cut), \(place)") }
    return cuts.count
  }
}
