import JSONLines
import ProveKeyShell
import Testing

@Suite("Cutting input into lines")
struct LineReaderTests {
  typealias Line = LineReader<Never>.Line

  /// Reads everything, the input given in pieces of one size.
  private func lines(_ text: String, limit: Int, piece: Int) -> [Line] {
    var rest = Array(text.utf8)[...]
    var reader = LineReader<Never>(limit: limit) {
      let next = rest.prefix(piece)
      rest = rest.dropFirst(piece)
      return Array(next)
    }
    var lines: [Line] = []
    while let line = reader.next() { lines.append(line) }
    #expect(reader.next() == nil, "the end stays the end")
    return lines
  }

  @Test("lines are the same however the input arrives, a last one without end included")
  func pieces() {
    let text = "one\n\ntwo\r\nthree\n\nlast"
    let expected = ["one", "", "two\r", "three", "", "last"].map { Line.line(Array($0.utf8)) }
    for piece in 1...30 { #expect(lines(text, limit: 5, piece: piece) == expected, "\(piece)") }
    #expect(lines("", limit: 5, piece: 3) == [])
    #expect(lines("\n", limit: 0, piece: 3) == [.line([])])
    #expect(lines("a\n", limit: 5, piece: 1) == [.line([0x61])])
  }

  @Test("a line beyond the limit is told once and skipped, and the next one is read")
  func tooLong() {
    let text = "12345\n123456\n\(String(repeating: "x", count: 1000))\nok\n123456"
    let expected: [Line] = [
      .line(Array("12345".utf8)), .tooLong, .tooLong, .line(Array("ok".utf8)), .tooLong,
    ]
    for piece in [1, 2, 3, 5, 6, 7, 64, 5000] {
      #expect(lines(text, limit: 5, piece: piece) == expected, "\(piece)")
    }
  }

  @Test("bytes that are no text pass through as they are")
  func bytes() {
    var input: [UInt8] = [0x00, 0xFF, 0xC0, 0x0A, 0xEF, 0xBB, 0xBF, 0x0A]
    var reader = LineReader<Never>(limit: 10) {
      defer { input = [] }
      return input
    }
    #expect(reader.next() == .line([0x00, 0xFF, 0xC0]))
    #expect(reader.next() == .line([0xEF, 0xBB, 0xBF]))
    #expect(reader.next() == nil)
  }
}
