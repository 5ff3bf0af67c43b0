import ProveKeyPlatform

/// A line on standard error that says how far a long work has come, while a terminal watches.
struct ProgressLine {
  private let label: String
  private let isWatched = TerminalPrompt.isErrorWatched
  private var shown = -1

  init(_ label: String) {
    self.label = label
  }

  /// Shows the percentage when it has changed.
  mutating func show(_ done: Int, of total: Int) {
    guard isWatched else { return }
    let percent = total > 0 ? min(done * 100 / total, 100) : 100
    guard percent != shown else { return }
    shown = percent
    let bar = String(repeating: "#", count: percent / 4)
    let rest = String(repeating: ".", count: 25 - percent / 4)
    TerminalPrompt.writeToStandardError("\r\(label) [\(bar)\(rest)] \(percent) %")
  }

  /// Shows how much was done, where nobody knows how much there is.
  mutating func show(_ done: Int) {
    guard isWatched, done / 500 != shown else { return }
    shown = done / 500
    TerminalPrompt.writeToStandardError("\r\(label) \(done)")
  }

  /// Ends the line.
  func end() {
    if isWatched, shown >= 0 { TerminalPrompt.writeToStandardError("\n") }
  }
}
