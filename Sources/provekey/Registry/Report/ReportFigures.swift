import ProveDeviceRegistry
import ProveKeyModel

/// What a report shows, counted from a census and from a walk over events.
struct ReportFigures {
  let now: UTCInstant
  let inactivityMonths: Int
  let statistics: StoreStatistics
  let census: StoreCensus
  let replay: ReplayReport

  /// All registrations.
  var total: Int { statistics.registrations.values.reduce(0, +) }

  var charts: [(chart: BarChart, note: String)] {
    [
      (
        byState,
        "A dormant key is bound, and a sweep has noted it as inactive. "
          + "A suspended one may be resumed; a revoked one is disabled for good."
      ),
      (
        byAge,
        "Keys that are tied to a number, by whole months since they were last used."
      ),
      (
        byExpiry,
        "Keys that are tied to a number and were not noted as inactive, by the month from which "
          + "\(inactivityMonths) months without use make them inactive. 'due' are inactive already "
          + "and wait for a sweep."
      ),
      (
        perVisitor,
        "Live registrations that carry the same visitor ID. The scale is logarithmic."
      ),
      (
        byRow,
        "\(HTML.number(replay.decisions)) decisions whose facts are kept, by row of the decision "
          + "table, out of \(HTML.number(replay.events)) events that were read of "
          + "\(HTML.number(statistics.events)). The facts of \(HTML.number(replay.erased)) more were "
          + "erased."
      ),
    ]
  }

  private var byState: BarChart {
    BarChart(
      title: "Registrations by state",
      description: "How many registrations are in each state.", unit: "registrations",
      category: "state",
      bars: StoredRegistration.State.allCases.map {
        BarChart.Bar(label: $0.name, value: statistics.registrations[$0] ?? 0)
      })
  }

  private var byAge: BarChart {
    var counts = [Int](repeating: 0, count: 25)
    for cohort in census.cohorts where cohort.isTied {
      // A month here is the time since the same day of an earlier month.
      let last = cohort.day
      let age = (0..<24).first { last.adding(months: $0 + 1) > now } ?? 24
      counts[age] += cohort.count
    }
    return BarChart(
      title: "Age since last authentication",
      description: "How many bound keys were last used how many months ago.",
      unit: "registrations", category: "months ago",
      bars: counts.enumerated().map {
        BarChart.Bar(label: $0 == 24 ? "24+" : String($0), value: $1)
      })
  }

  private var byExpiry: BarChart {
    let first = now.civilDate
    let start = first.year * 12 + first.month - 1
    var counts: [Int: Int] = [:]
    var due = 0
    for cohort in census.cohorts where cohort.state == .bound || cohort.state == .disconnected {
      let end = cohort.day.adding(months: inactivityMonths)
      if end <= now {
        due += cohort.count
      } else {
        let date = end.civilDate
        counts[date.year * 12 + date.month - 1, default: 0] += cohort.count
      }
    }
    let last = min(max(counts.keys.max() ?? start, start), start + 36)
    var bars = [BarChart.Bar(label: "due", value: due)]
    for month in start...last {
      let (year, place) = (month / 12, month % 12 + 1)
      bars.append(
        BarChart.Bar(label: "\(year)-\(place < 10 ? "0" : "")\(place)", value: counts[month] ?? 0))
    }
    return BarChart(
      title: "What goes inactive, month by month",
      description: "How many bound keys become inactive in each month unless they are used.",
      unit: "registrations", category: "month", bars: bars)
  }

  private var perVisitor: BarChart {
    let bounds: [(String, ClosedRange<Int>)] = [
      ("1", 1...1), ("2", 2...2), ("3", 3...3), ("4", 4...4), ("5", 5...5), ("6–10", 6...10),
      ("11–30", 11...30), ("31–100", 31...100), ("101–300", 101...300),
      ("301–1,000", 301...1_000), ("1,001–3,000", 1_001...3_000),
      ("over 3,000", 3_001...Int.max),
    ]
    return BarChart(
      title: "Registrations per visitor",
      description: "How many visitor IDs have how many live registrations.", unit: "visitors",
      category: "registrations",
      bars: bounds.map { label, range in
        let count = census.visitorsByCandidates.filter { range.contains($0.key) }
          .values.reduce(0, +)
        return BarChart.Bar(label: label, value: count)
      }, scale: .logarithmic)
  }

  private var byRow: BarChart {
    BarChart(
      title: "Decisions by row",
      description: "How often each row of the decision table decided.", unit: "decisions",
      category: "row",
      bars: DecisionRow.allCases.sorted { $0.rawValue < $1.rawValue }.map {
        BarChart.Bar(label: "\($0)", value: replay.byRow[$0] ?? 0)
      })
  }
}

extension StoreCensus.Cohort {
  /// Whether its keys are tied to a number.
  fileprivate var isTied: Bool { state == .bound || state == .dormant || state == .disconnected }

  /// The day's beginning.
  fileprivate var day: UTCInstant {
    UTCInstant(millisecondsSinceEpoch: lastActiveDay * UTCInstant.dayMilliseconds)
  }
}
