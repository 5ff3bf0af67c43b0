import Testing

/// Every combination of what a decision depends on, held against `DecisionOracle`.
///
/// Combinations are left out only where a row above has already answered, and even there a few
/// settings of what must not matter are tried.
struct DecisionExhaustiveTests {
  @Test("with a key presented, every combination is decided as D1 to D10, D18 and D19 say")
  func presented() throws {
    var tally = Tally(scenario: try DecisionScenario())
    for channel in PlainFacts.Channel.allCases {
      for rebind in [false, true] {
        for asked in Asked.all {
          for presented in Self.presentations(asked) {
            for refusesClones in [false, true] {
              for limit in Self.bindingAgeLimits {
                for var facts in Self.backgrounds(asked) {
                  facts.channel = channel
                  facts.rebind = rebind
                  facts.presented = presented
                  facts.policy.refusesClones = refusesClones
                  facts.policy.bindingAgeLimitSeconds = limit
                  try tally.check(facts)
                }
              }
            }
          }
        }
      }
    }
    #expect(tally.disagreements == [])
    #expect(tally.rows == Self.rowsWithKey)
    // channels, rebind, asked, presentations, refusesClones, limits, backgrounds
    #expect(tally.count == 3 * 2 * 12 * 73 * 2 * 5 * 3)
  }

  @Test("without a key, every combination that may be recovered is decided as D12 to D17 say")
  func recoverable() throws {
    let counted = try checkAbsent(
      settings: Self.recoverySettings.filter(\.mayRecover), seenSets: Self.seenSets)
    #expect(counted.rows == Self.rowsWithoutKey.subtracting([1, 4, 11]))
    // channels, asked, stored, seen, visitors x policies
    #expect(counted.count == 2 * 12 * 17 * 52 * 8)
  }

  @Test("without a key, nothing is recovered unless policy and visitor allow it, as D11 says")
  func notRecoverable() throws {
    let counted = try checkAbsent(
      settings: Self.recoverySettings.filter { !$0.mayRecover }, seenSets: Self.fittingSets)
    #expect(counted.rows == [11])
    // channels, asked, stored, fitting, visitors x policies
    #expect(counted.count == 2 * 12 * 17 * 4 * 24)
  }

  private func checkAbsent(
    settings: [RecoverySetting], seenSets: (Asked) -> [[PlainKey]]
  ) throws -> (count: Int, rows: Set<Int>) {
    var tally = Tally(scenario: try DecisionScenario())
    for channel in [PlainFacts.Channel.mobile, .none] {
      for asked in Asked.all {
        for stored in Self.storedRegistrations(asked) {
          for seen in seenSets(asked) {
            for setting in settings {
              try tally.check(
                PlainFacts(
                  channel: channel, number: asked.number, consumer: asked.consumer,
                  visitor: setting.visitor, confidencePercent: setting.confidencePercent,
                  stored: stored, seenWithVisitor: seen, policy: setting.policy))
            }
          }
        }
      }
    }
    #expect(tally.disagreements == [])
    return (tally.count, tally.rows)
  }

  @Test("with no key presented, desktop and rebind answer before anything that is recovered")
  func absentOnDesktopOrRebinding() throws {
    var tally = Tally(scenario: try DecisionScenario())
    for (channel, rebind) in [
      (PlainFacts.Channel.desktop, false), (.desktop, true), (.mobile, true), (.none, true),
    ] {
      for asked in Asked.all {
        for stored in Self.storedRegistrations(asked) {
          for (visitor, confidence) in Self.visitors {
            for var facts in Self.backgrounds(asked) {
              facts.channel = channel
              facts.rebind = rebind
              facts.stored = stored
              facts.visitor = visitor
              facts.confidencePercent = confidence
              try tally.check(facts)
            }
          }
        }
      }
    }
    #expect(tally.disagreements == [])
    #expect(tally.rows == [1, 4])
    // channels with rebind, asked, stored, visitors, backgrounds
    #expect(tally.count == 4 * 12 * 17 * 4 * 3)
  }

  @Test("the combinations reach every row of the table, and the oracle has each once")
  func everyRow() {
    #expect(Self.rowsWithKey.union(Self.rowsWithoutKey) == Set(1...19))
    #expect(DecisionOracle.rows.map(\.number).sorted() == Array(1...19))
  }

  static let rowsWithKey = Set(1...10).union([18, 19])
  static let rowsWithoutKey: Set<Int> = [1, 4, 11, 12, 13, 14, 15, 16, 17]
}

/// What became of the combinations tried.
private struct Tally {
  let scenario: DecisionScenario
  var count = 0
  var rows: Set<Int> = []
  /// The first few, in words.
  var disagreements: [String] = []

  mutating func check(_ facts: PlainFacts) throws {
    count += 1
    let found = try scenario.decide(facts)
    guard let expected = DecisionOracle.decide(facts) else {
      return disagreements.append("the oracle has no row for \(facts)")
    }
    rows.insert(found.row)
    if found.row == expected.row, found.outcome == expected.outcome { return }
    guard disagreements.count < 5 else { return }
    disagreements.append(
      "D\(found.row) \(found.outcome), not D\(expected.row) "
        + "\(expected.outcome), for \(facts)")
  }
}
