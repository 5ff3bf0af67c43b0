import CFaultVFS
import Foundation
import Testing

/// What is in the memory of another process of ours, told apart by whether a core dump would have it.
struct ProcessMemory {
  /// The mappings that a core dump holds: all that can be read and are not marked "don't dump".
  private(set) var dumped: [[UInt8]] = []
  /// Those that are marked so.
  private(set) var kept: [[UInt8]] = []

  /// Whether a sanitizer has this process's memory: its terabytes of shadow cannot be searched.
  static var isSanitized: Bool {
    // Without the list, the test that wants it says why.
    let mappings = (try? mappings(of: getpid())) ?? []
    return mappings.contains { $0.range.count > 1 << 38 }
  }

  private struct Mapping {
    var range: Range<UInt64>
    var isReadable: Bool
    var isLeftOut = false
  }

  init(of process: pid_t) throws {
    let file = try #require(FileHandle(forReadingAtPath: "/proc/\(process)/mem"))
    for mapping in try Self.mappings(of: process) where mapping.isReadable {
      let bytes = Self.read(mapping.range, file)
      if mapping.isLeftOut { kept.append(bytes) } else { dumped.append(bytes) }
    }
    try file.close()
  }

  /// Reads a range; pages that cannot be read, and those of zeros only, are passed over.
  private static func read(_ range: Range<UInt64>, _ file: FileHandle) -> [UInt8] {
    var bytes: [UInt8] = []
    let step: UInt64 = 1 << 20
    var start = range.lowerBound
    while start < range.upperBound {
      let count = Int(min(step, range.upperBound - start))
      // A device's memory cannot be read, and is not in a dump either.
      if (try? file.seek(toOffset: start)) != nil, let part = try? file.read(upToCount: count) {
        if part.contains(where: { $0 != 0 }) { bytes += part }
      }
      start += UInt64(count)
    }
    return bytes
  }

  private static func mappings(of process: pid_t) throws -> [Mapping] {
    let file = try #require(FileHandle(forReadingAtPath: "/proc/\(process)/smaps"))
    let text = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
    var mappings: [Mapping] = []
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      if line.hasPrefix("VmFlags:") {
        mappings[mappings.count - 1].isLeftOut = words.contains("dd")
        continue
      }
      let bounds = words[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
      guard bounds.count == 2, words.count > 4 else { continue }
      // The kernel's own pages.
      let isOurs = words.last != "[vvar]" && words.last != "[vsyscall]"
      mappings.append(
        Mapping(range: bounds[0]..<bounds[1], isReadable: words[1].hasPrefix("r") && isOurs))
    }
    return mappings
  }
}

/// Looks for bytes among many.
enum ByteSearch {
  /// Whether `needle` stands in any of the parts.
  static func finds(_ needle: [UInt8], in parts: [[UInt8]]) -> Bool {
    parts.contains { part in
      unsafe part.withUnsafeBytes { part in
        unsafe needle.withUnsafeBytes { needle in
          unsafe pks_contains(part.baseAddress, part.count, needle.baseAddress, needle.count) != 0
        }
      }
    }
  }

  /// Whether 16 bytes from the beginning or the end of a secret stand in any of the parts.
  static func findsPart(of secret: [UInt8], in parts: [[UInt8]]) -> Bool {
    finds(Array(secret.prefix(16)), in: parts) || finds(Array(secret.suffix(16)), in: parts)
  }
}
