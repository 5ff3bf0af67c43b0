/// Bars as inline SVG: drawn without a script, read without a picture.
struct BarChart {
  /// One bar.
  struct Bar: Equatable {
    let label: String
    let value: Int
  }

  /// How values are drawn.
  enum Scale {
    case linear
    /// By their logarithm, so that few show beside many.
    case logarithmic
  }

  let title: String
  /// What the bars mean, for people who do not see them.
  let description: String
  /// What is counted, over the axis.
  let unit: String
  /// What tells the bars apart, under the axis.
  let category: String
  let bars: [Bar]
  var scale = Scale.linear

  private static let (width, plotHeight) = (720.0, 208.0)
  private static let (left, right, top) = (64.0, 8.0, 28.0)
  /// The widest that a bar is drawn.
  private static let barWidth = 56.0
  /// Rows of a table before another one begins beside it.
  private static let tableRows = 13

  /// The picture.
  /// - Parameter id: unique on its page.
  func svg(id: String) -> String {
    let ticks = self.ticks
    let highest = Double(ticks.last ?? 1)
    let plotWidth = Self.width - Self.left - Self.right
    let step = plotWidth / Double(max(bars.count, 1))
    // Labels that would run into each other are turned.
    let longest = Double(bars.map(\.label.count).max() ?? 0)
    let isTurned = longest * 7.2 > step
    let floor = Self.top + Self.plotHeight
    let height = floor + (isTurned ? 84 : 44)
    func y(_ value: Double) -> Double {
      Self.top + Self.plotHeight * (1 - position(value, highest: highest))
    }
    var parts = [
      """
      <svg viewBox="0 0 \(Int(Self.width)) \(Int(height))" role="img" \
      aria-labelledby="\(id)-title \(id)-desc">
      <title id="\(id)-title">\(HTML.escape(title))</title>
      <desc id="\(id)-desc">\(HTML.escape(description))</desc>
      <text class="unit" x="0" y="14">\(HTML.escape(unit))</text>
      <text class="unit" x="\(Int(Self.width - Self.right))" y="\(Int(height) - 6)" \
      text-anchor="end">\(HTML.escape(category))</text>
      """
    ]
    for tick in ticks {
      let height = number(y(Double(tick)))
      parts.append(
        """
        <line class="grid" x1="\(Int(Self.left))" x2="\(Int(Self.width - Self.right))" \
        y1="\(height)" y2="\(height)"/>
        <text class="tick" x="\(Int(Self.left) - 8)" y="\(height)" dy="4" \
        text-anchor="end">\(HTML.number(tick))</text>
        """)
    }
    let barWidth = min(step * 0.76, Self.barWidth)
    for (index, bar) in bars.enumerated() {
      let centre = Self.left + step * (Double(index) + 0.5)
      if bar.value > 0 {
        let barTop = min(y(Double(bar.value)), floor - 1)
        parts.append(
          """
          <rect class="bar" x="\(number(centre - barWidth / 2))" y="\(number(barTop))" \
          width="\(number(barWidth))" height="\(number(floor - barTop))">\
          <title>\(HTML.escape(bar.label)): \(HTML.number(bar.value))</title></rect>
          """)
      }
      let (x, base) = (number(centre), number(floor + 16))
      let anchor =
        isTurned
        ? "text-anchor=\"end\" transform=\"rotate(-40 \(x) \(base))\"" : "text-anchor=\"middle\""
      parts.append(
        "<text class=\"label\" x=\"\(x)\" y=\"\(base)\" \(anchor)>\(HTML.escape(bar.label))</text>")
    }
    if bars.allSatisfy({ $0.value == 0 }) {
      parts.append(
        """
        <text class="none" x="\(Int(Self.left + plotWidth / 2))" \
        y="\(Int(Self.top + Self.plotHeight / 2))" text-anchor="middle">none</text>
        """)
    }
    parts.append("</svg>")
    return parts.joined(separator: "\n")
  }

  /// The numbers as tables, of which a long list has several.
  var tables: String {
    let count = max(1, (bars.count + Self.tableRows - 1) / Self.tableRows)
    let rows = (bars.count + count - 1) / count
    return (0..<count).map { table(of: bars.dropFirst($0 * rows).prefix(rows)) }.joined()
  }

  private func table(of bars: ArraySlice<Bar>) -> String {
    let rows = bars.map {
      "<tr><th scope=\"row\">\(HTML.escape($0.label))</th><td>\(HTML.number($0.value))</td></tr>"
    }
    return """
      <table>
      <thead><tr><th scope="col">\(HTML.escape(category))</th>\
      <th scope="col">\(HTML.escape(unit))</th></tr></thead>
      <tbody>\(rows.joined())</tbody>
      </table>
      """
  }

  // MARK: Scale

  /// From 0 up to 1.
  private func position(_ value: Double, highest: Double) -> Double {
    switch scale {
    case .linear: value / highest
    case .logarithmic: digits(value) / digits(highest)
    }
  }

  /// 0 for nothing, 1 for one, one more for each factor of ten.
  private func digits(_ value: Double) -> Double {
    var (digits, rest) = (0.0, value)
    guard rest > 0 else { return 0 }
    while rest >= 10 {
      digits += 1
      rest /= 10
    }
    // Between two powers of ten, along the tangents of the logarithm: log10(rest).
    return digits + 1 + logarithm(rest)
  }

  /// The decimal logarithm of 1 to 10, by halving.
  private func logarithm(_ value: Double) -> Double {
    var (result, bit, rest) = (0.0, 0.5, value)
    for _ in 0..<20 {
      rest *= rest
      if rest >= 10 {
        rest /= 10
        result += bit
      }
      bit /= 2
    }
    return result
  }

  /// The values at which lines are drawn, from 0 to one that no bar exceeds.
  private var ticks: [Int] {
    let highest = max(bars.map(\.value).max() ?? 0, 1)
    switch scale {
    case .logarithmic:
      var ticks = [0, 1]
      while let last = ticks.last, last < highest { ticks.append(last * 10) }
      return ticks
    case .linear:
      var step = 1
      let factors = [2, 5, 10]
      var (index, power) = (0, 1)
      while step * 5 < highest {
        step = power * factors[index]
        index += 1
        if index == factors.count { (index, power) = (0, power * 10) }
      }
      return (0...((highest + step - 1) / step)).map { $0 * step }
    }
  }

  private func number(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return tenths % 10 == 0 ? String(tenths / 10) : "\(tenths / 10).\(abs(tenths % 10))"
  }
}

/// Text as it stands in a page.
enum HTML {
  static func escape(_ text: String) -> String {
    var escaped = ""
    for character in text.unicodeScalars {
      switch character {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      default: escaped.unicodeScalars.append(character)
      }
    }
    return escaped
  }

  /// A number with its digits in groups of three.
  static func number(_ value: Int) -> String {
    let digits = Array(String(value.magnitude))
    var grouped = value < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { grouped += "," }
      grouped.append(digit)
    }
    return grouped
  }
}
