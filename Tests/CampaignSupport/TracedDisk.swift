/// What a program did to the files of one folder.
package enum DiskEvent: Sendable {
  /// A file was opened, and made if it is new.
  case open(String, isNew: Bool)
  /// Bytes were written.
  case write(String, [UInt8], at: Int)
  /// A file got another size.
  case truncate(String, to: Int)
  /// A file was synced, with the folder's names or without.
  case sync(String, syncsFolder: Bool)
  /// A file was removed.
  case delete(String, syncsFolder: Bool)
}

/// What a power cut makes of writes that were not synced.
package enum PowerCut: Sendable, CustomStringConvertible {
  /// None of them is on disk.
  case forgotten
  /// Some of their 512-byte sectors are, in any combination; so are new names and new sizes.
  case torn(seed: UInt64)
  /// All of them are.
  case kept

  /// The cut in a word or two.
  package var description: String {
    switch self {
    case .forgotten: "forgotten"
    case .torn(let seed): "torn \(seed)"
    case .kept: "kept"
    }
  }
}

/// A disk on which events happen one after the other: what is on it for certain, and what is not.
///
/// A file's bytes are on it once the file was synced, its name once the folder was.
package struct TracedDisk {
  private enum Change {
    case write([UInt8], at: Int)
    case truncate(to: Int)
  }

  private final class File {
    var durable: [UInt8] = []
    var pending: [Change] = []
  }

  /// A disk with nothing on it.
  package init() {}

  /// The file under each name as the program sees it, and as the folder on disk has it.
  private var live: [String: File] = [:]
  private var durable: [String: File] = [:]

  private static let sectorByteCount = 512

  /// Whether a power cut now would leave in doubt what is on the disk.
  package var isUnsettled: Bool {
    live.contains { $0.value !== durable[$0.key] || !$0.value.pending.isEmpty }
      || durable.keys.contains { live[$0] == nil }
  }

  /// Goes on by one event.
  package mutating func happen(_ event: DiskEvent) {
    switch event {
    case .open(let name, let isNew):
      guard isNew || live[name] == nil else { return }
      let file = File()
      live[name] = file
      // What was there before the trace began was empty, and durably so.
      if !isNew { durable[name] = file }
    case .write(let name, let bytes, let offset):
      live[name]?.pending.append(.write(bytes, at: offset))
    case .truncate(let name, let size):
      live[name]?.pending.append(.truncate(to: size))
    case .sync(let name, let syncsFolder):
      guard let file = live[name] else { return }
      for change in file.pending { Self.apply(change, to: &file.durable) }
      file.pending = []
      if syncsFolder { durable = live }
    case .delete(let name, let syncsFolder):
      live[name] = nil
      if syncsFolder { durable = live }
    }
  }

  /// The files as a power cut at this moment leaves them.
  package func files(after cut: PowerCut) -> [String: [UInt8]] {
    switch cut {
    case .forgotten: return durable.mapValues(\.durable)
    case .kept:
      return live.mapValues { file in
        var bytes = file.durable
        for change in file.pending { Self.apply(change, to: &bytes) }
        return bytes
      }
    case .torn(let seed):
      var generator = SeededGenerator(seed: seed)
      // From nearly nothing kept to nearly all.
      let chance = [0.1, 0.5, 0.9][Int(seed % 3)]
      var files: [String: [UInt8]] = [:]
      for name in Set(live.keys).union(durable.keys).sorted() {
        let isNew = live[name] === durable[name] || Bool.random(using: &generator)
        guard let file = isNew ? live[name] : durable[name] else { continue }
        var bytes = file.durable
        for change in file.pending {
          for part in Self.sectors(of: change)
          where Double.random(in: 0..<1, using: &generator) < chance {
            Self.apply(part, to: &bytes)
          }
        }
        files[name] = bytes
      }
      return files
    }
  }

  private static func sectors(of change: Change) -> [Change] {
    guard case .write(let bytes, let offset) = change else { return [change] }
    var parts: [Change] = []
    var start = 0
    while start < bytes.count {
      let sectorEnd = (offset + start) / sectorByteCount * sectorByteCount + sectorByteCount
      let end = min(bytes.count, sectorEnd - offset)
      parts.append(.write(Array(bytes[start..<end]), at: offset + start))
      start = end
    }
    return parts
  }

  private static func apply(_ change: Change, to bytes: inout [UInt8]) {
    switch change {
    case .write(let part, let offset):
      let missing = offset + part.count - bytes.count
      if missing > 0 { bytes += [UInt8](repeating: 0, count: missing) }
      bytes.replaceSubrange(offset..<(offset + part.count), with: part)
    case .truncate(let size):
      if size < bytes.count {
        bytes.removeLast(bytes.count - size)
      } else {
        bytes += [UInt8](repeating: 0, count: size - bytes.count)
      }
    }
  }
}
