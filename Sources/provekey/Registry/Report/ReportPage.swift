import ProveDeviceRegistry
import ProveKeyModel

/// A report as one page of HTML that needs nothing else.
struct ReportPage {
  let tenant: String
  let buildConfig: String
  let figures: ReportFigures

  var html: String {
    let facts: [(String, String)] = [
      ("Tenant", tenant), ("Build config", buildConfig), ("Made at", figures.now.iso8601),
      ("Registrations", HTML.number(figures.total)),
      ("Events", HTML.number(figures.statistics.events)),
      ("On disk", figures.statistics.byteCount.map { HTML.number($0) + " bytes" } ?? "unknown"),
      ("Inactive after", "\(figures.inactivityMonths) months"),
    ]
    let list = facts.map { "<div><dt>\($0.0)</dt><dd>\(HTML.escape($0.1))</dd></div>" }
    let sections = figures.charts.enumerated().map { index, item in
      """
      <section>
      <h2>\(HTML.escape(item.chart.title))</h2>
      <p>\(HTML.escape(item.note))</p>
      <div class="pair">
      <figure>\(item.chart.svg(id: "plot-\(index)"))</figure>
      <div class="numbers">\(item.chart.tables)</div>
      </div>
      </section>
      """
    }
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
      <meta name="color-scheme" content="light dark">
      <title>Device registry of \(HTML.escape(tenant))</title>
      <style>
      \(Self.style)
      </style>
      </head>
      <body>
      <main>
      <h1>Device registry</h1>
      <dl>\(list.joined())</dl>
      \(sections.joined(separator: "\n"))
      </main>
      </body>
      </html>

      """
  }

  private static let style = """
    :root {
      --page: #ffffff; --text: #1c2430; --soft: #55606e; --line: #d8dee6; --bar: #2563a8;
      --card: #f6f8fa;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --page: #12171e; --text: #e6eaf0; --soft: #a3afbd; --line: #333d49; --bar: #6aa9ee;
        --card: #1a212a;
      }
    }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--page); color: var(--text);
      font: 16px/1.5 system-ui, sans-serif; }
    main { max-width: 1120px; margin: 0 auto; padding: 32px 24px 64px; }
    h1 { font-size: 28px; margin: 0 0 16px; }
    h2 { font-size: 20px; margin: 0 0 4px; }
    p { color: var(--soft); margin: 0 0 16px; max-width: 78ch; }
    dl { display: flex; flex-wrap: wrap; gap: 12px 32px; margin: 0 0 40px; padding: 16px 20px;
      background: var(--card); border-radius: 8px; }
    dt { color: var(--soft); font-size: 13px; }
    dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
    section { margin: 0 0 48px; }
    .pair { display: flex; flex-wrap: wrap; gap: 24px; align-items: flex-start; }
    figure { margin: 0; flex: 1 1 560px; min-width: 0; overflow-x: auto; }
    svg { display: block; width: 100%; min-width: 520px; height: auto; }
    svg text { fill: var(--text); font: 12px system-ui, sans-serif; }
    svg .tick, svg .unit { fill: var(--soft); }
    svg .grid { stroke: var(--line); stroke-width: 1; }
    svg .bar { fill: var(--bar); }
    svg .none { fill: var(--soft); font-size: 14px; }
    .numbers { display: flex; gap: 28px; flex: 0 1 340px; align-items: flex-start; }
    table { border-collapse: collapse; font-size: 13px; line-height: 1.35; flex: 1 1 0; }
    th, td { padding: 2px 12px 2px 0; border-bottom: 1px solid var(--line); text-align: left;
      font-weight: normal; white-space: nowrap; }
    thead th { color: var(--soft); }
    td, thead th:last-child { text-align: right; padding-right: 0;
      font-variant-numeric: tabular-nums; }
    @media print { section { break-inside: avoid; } }
    """
}
