import Testing

/// Every combination of what a decision depends on, held against `DecisionOracle`.
///
/// Combinations are left out only where a row above has already answered, and even there a few
/// settings of what must not matter are tried.
struct DecisionExhaustiveTests {
  @Test("with a key presented, every combination is decided as D1 to D10 say")
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
    #expect(tally.count == 3 * 2 * 12 * 45 * 2 * 5 * 3)
  }

  @Test("with no key presented, every combination is decided as D11 to D17 say")
  func absent() throws {
    var tally = Tally(scenario: try DecisionScenario())
    for channel in [PlainFacts.Channel.mobile, .none] {
      for asked in Asked.all {
        for stored in Self.storedRegistrations(asked) {
          for seen in Self.seenSets(asked) {
            for visitor in Self.visitors {
              for policy in Self.recoveryPolicies {
                try tally.check(
                  PlainFacts(
                    channel: channel, number: asked.number, consumer: asked.consumer,
                    visitor: visitor.id, confidencePercent: visitor.confidencePercent,
                    stored: stored, seenWithVisitor: seen, policy: policy))
              }
            }
          }
        }
      }
    }
    #expect(tally.disagreements == [])
    #expect(tally.rows == Self.rowsWithoutKey.subtracting([1, 4]))
    // channels, asked, stored, seen, visitors, policies
    #expect(tally.count == 2 * 12 * 12 * 44 * 4 * 8)
  }

  @Test("with no key presented, desktop and rebind answer before anything that is recovered")
  func absentOnDesktopOrRebinding() throws {
    var tally = Tally(scenario: try DecisionScenario())
    for (channel, rebind) in [
      (PlainFacts.Channel.desktop, false), (.desktop, true), (.mobile, true), (.none, true),
    ] {
      for asked in Asked.all {
        for stored in Self.storedRegistrations(asked) {
          for visitor in Self.visitors {
            for var facts in Self.backgrounds(asked) {
              facts.channel = channel
              facts.rebind = rebind
              facts.stored = stored
              facts.visitor = visitor.id
              facts.confidencePercent = visitor.confidencePercent
              try tally.check(facts)
            }
          }
        }
      }
    }
    #expect(tally.disagreements == [])
    #expect(tally.rows == [1, 4])
    // channels with rebind, asked, stored, visitors, backgrounds
    #expect(tally.count == 4 * 12 * 12 * 4 * 3)
  }

  @Test("the combinations reach every row of the table, and the oracle has each once, in order")
  func everyRow() {
    #expect(Self.rowsWithKey.union(Self.rowsWithoutKey) == Set(1...17))
    #expect(DecisionOracle.rows.map(\.number) == Array(1...17))
  }

  static let rowsWithKey = Set(1...10)
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
