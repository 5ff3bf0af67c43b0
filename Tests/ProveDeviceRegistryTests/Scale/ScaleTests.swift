import CampaignSupport
import ProveKeyModel
import ProveKeySealing
import ProveKeyTesting
import SQLiteDatabase
import StoreTestSupport
import Testing

@testable import ProveDeviceRegistry

/// S3, S4, S10: what a call costs does not grow with the registry, beyond the depth of its trees.
@Suite("With a hundred times as many registrations", .inTurn)
struct ScaleTests {
  /// How many others there are: few, many, and in the long form very many.
  private static let sizes = TestLength.isLong ? [1000, 100_000, 1_000_000] : [1000, 100_000]

  /// A call that is measured, as often as its number says; each time on keys of its own.
  private struct Call: Sendable {
    let name: String
    let times: Int
    let run: @Sendable (World, People, Int) async throws -> Void

    /// Prints what one call did, for the table in docs/scaling.md.
    func tell(_ work: DatabaseWork, among size: Int) {
      func each(_ count: Int) -> Int { (count + times / 2) / times }
      print("\(name) among \(size): \(each(work.pages)) pages, \(each(work.pagesWritten)) written")
    }
  }

  private static let calls = [
    Call(name: "resolve", times: 40) { world, people, turn in
      let found = try await world.registry.registration(people.bound[turn].deviceID)
      #expect(found?.binding?.phoneNumber == .lorant)
    },
    Call(name: "resolve 40 at once", times: 1) { world, people, _ in
      let found = try await world.registry.resolve(people.bound.map(\.deviceID))
      #expect(found.count == 40 && !found.contains(nil))
    },
    Call(name: "choose among the candidates of a visitor", times: 40) { world, people, turn in
      let decision = try await world.registry.decide(
        .browser(visitor: .named("visitor-\(turn)")))
      #expect(decision.outcome == .recover(people.bound[turn].deviceID))
    },
    Call(name: "choose among the candidates of a busy visitor", times: 20) { world, _, _ in
      let decision = try await world.registry.decide(.browser(visitor: .named("busy")))
      #expect(decision.row == .d17)
    },
    Call(name: "list the latest candidates of a busy visitor", times: 10) { world, _, _ in
      let candidates = try await world.registry.candidates(of: Visitor.named("busy").id, limit: 10)
      #expect(candidates.count == 10)
    },
    Call(name: "authenticate", times: 40) { world, people, turn in
      try await world.authenticate(people.bound[turn])
    },
    Call(name: "authenticate on the next day", times: 40) { world, people, turn in
      // Every listing is ordered by the day of last use.
      if turn == 0 { world.clock.advance(days: 1) }
      try await world.authenticate(people.bound[turn])
    },
    Call(name: "recover", times: 40) { world, people, turn in
      let decision = try await world.registry.decide(
        .browser(visitor: .named("visitor-\(turn)")))
      try await world.complete(decision, offering: try people.bound[turn].replacement())
    },
    Call(name: "place and bind", times: 40) { world, _, turn in
      try await world.bind(try TestDevice(), visitor: "another-\(turn)")
    },
    Call(name: "list a page of a number", times: 10) { world, _, _ in
      let page = try await world.registry.registrations(of: .phoneNumber(.inge), limit: 20)
      #expect(page.registrations.count == 20)
    },
    Call(name: "sweep a batch", times: 2) { world, _, _ in
      let report = try await world.registry.sweep(limit: 100)
      #expect(report.deactivated == 100)
    },
  ]

  /// Those whom the calls are about.
  private struct People: Sendable {
    /// One registration each, of visitors named by their place.
    var bound: [TestDevice] = []
  }

  @Test("each call does the same work, and goes through no more pages than the trees are deeper")
  func bounded() async throws {
    var first: [String: DatabaseWork] = [:]
    var shallow: [String: Int] = [:]
    for size in Self.sizes {
      let (world, people) = try await Self.world(size)
      let depths = try Crowd.depths(of: world)
      if size == Self.sizes[0] { shallow = depths }
      // A search ends in a leaf or, in a tree that keeps its rows, sometimes a page above.
      let depth = try #require(depths["registration"])
      let growth = Double(depth) / Double(try #require(shallow["registration"]) - 1)
      for call in Self.calls {
        let before = try await world.sqlite.work()
        for turn in 0..<call.times { try await call.run(world, people, turn) }
        let work = try await world.sqlite.work() - before
        #expect(work.fullscanSteps == 0 && work.sorts == 0, "\(call.name)")
        if TestLength.isLong { call.tell(work, among: size) }
        guard let first = first[call.name] else {
          first[call.name] = work
          continue
        }
        let message: Comment = "\(call.name) among \(size): \(first), then \(work)"
        #expect(work.steps <= first.steps + first.steps / 50, message)
        // Trees are not all of one depth, and a small one is seldom full.
        #expect(Double(work.pages) <= Double(first.pages) * (growth + 0.25), message)
        // Rows that lay on one page lie on pages of their own among many.
        let written = Double(first.pagesWritten) * (growth + 1)
        #expect(Double(work.pagesWritten) <= written, message)
      }
      try await world.registry.close()
    }
    #expect(first.count == Self.calls.count)
    #expect(first.values.allSatisfy { $0.pages > 0 && $0.steps > 0 })
  }

  /// A registry with those whom the calls are about, and a crowd of others.
  private static func world(_ size: Int) async throws -> (World, People) {
    let world = try await World(.persistent)
    var people = People()
    for number in 0..<40 {
      people.bound.append(try await world.boundDevice(.vault, visitor: "visitor-\(number)"))
    }
    for _ in 0..<30 { _ = try await world.boundDevice(.hardware, to: .inge) }
    try await world.bringIn(250, visitor: "busy", placedAt: .start)
    // Not used for more than a year, and found by the sweep.
    try await world.bringIn(250, visitor: "gone", placedAt: .longAgo)
    try Crowd.join(world, count: size)
    return (world, people)
  }
}
