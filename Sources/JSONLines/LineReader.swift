/// Cuts what comes in into lines, without ever keeping more than the longest line allowed.
package struct LineReader<Failure: Error> {
  /// What was read.
  package enum Line: Equatable, Sendable {
    /// A line without its end.
    case line([UInt8])
    /// A line that was longer than allowed; it was skipped.
    case tooLong
  }

  private let limit: Int
  private let read: () throws(Failure) -> [UInt8]
  private var chunk: [UInt8] = []
  private var position = 0
  private var isAtEnd = false

  /// Reads lines from what `read` gives.
  /// - Parameters:
  ///   - limit: bytes of a line, its end not counted.
  ///   - read: gives the next bytes, as many as it likes; none at the end.
  package init(limit: Int, read: @escaping () throws(Failure) -> [UInt8]) {
    self.limit = limit
    self.read = read
  }

  /// The next line, whose end a last one need not have; nothing at the end.
  package mutating func next() throws(Failure) -> Line? {
    var line: [UInt8] = []
    var (isTooLong, hasBegun) = (false, false)
    while true {
      if position == chunk.count {
        guard !isAtEnd else { return nil }
        chunk = try read()
        position = 0
        if chunk.isEmpty {
          isAtEnd = true
          guard hasBegun else { return nil }
          return isTooLong ? .tooLong : .line(line)
        }
      }
      hasBegun = true
      let rest = chunk[position...]
      let end = rest.firstIndex(of: 0x0A)
      let piece = rest[..<(end ?? rest.endIndex)]
      if piece.count > limit - line.count {
        isTooLong = true
        line = []
      }
      if !isTooLong { line += piece }
      position = end.map { $0 + 1 } ?? chunk.count
      if end != nil { return isTooLong ? .tooLong : .line(line) }
    }
  }
}
