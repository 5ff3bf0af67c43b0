import ProveKeyModel
import ProveKeyTesting
import Testing

@testable import ProveDeviceRegistry

/// What is kept of decisions, and what can be told and derived from it.
@Suite("The log of decisions", .onEveryEngine, .namingEngines)
struct LogTests {
  /// Makes at least one decision of every row that there is.
  private func everyRow(_ world: World) async throws -> Set<DecisionRow> {
    var rows: Set<DecisionRow> = []
    func note(_ decision: RegistryDecision) { rows.insert(decision.row) }
    let registry = world.registry
    let device = try await world.boundDevice(proveID: .lorant, visitor: "visitor-1")
    note(try await registry.decide(KeyRequest(channel: .desktop, phoneNumber: .lorant)))
    note(try await world.decide(with: device))
    note(try await world.decide(.mobile(.inge), with: device))
    note(try await world.decide(.mobile(rebind: true), with: device))
    note(try await world.decide(with: try TestDevice()))
    let placed = try TestDevice()
    try await world.place(placed)
    note(try await world.decide(with: placed))
    note(try await registry.decide(.browser(visitor: nil)))
    note(try await registry.decide(.browser(stored: device.deviceID)))
    note(try await registry.decide(.browser(stored: placed.deviceID)))
    note(try await registry.decide(.browser(nil)))
    note(try await registry.decide(.browser(.inge)))
    note(try await registry.decide(.browser()))
    _ = try await world.boundDevice(visitor: "visitor-1")
    note(try await registry.decide(.browser()))

    let copied = try await world.boundDevice()
    let challenge = registry.issueChallenge()
    let old = try copied.assertion(for: challenge)
    _ = try await registry.complete(
      try await registry.decide(.mobile(), presenting: old, for: challenge))
    let second = registry.issueChallenge()
    let reused = try copied.assertion(
      for: second, counter: old.counter, vault: old.vaultState)
    note(try await registry.decide(.mobile(), presenting: reused, for: second))

    let strict = try await world.registry(try RegistryPolicy(maximumBindingAge: .alwaysTooOld))
    let third = registry.issueChallenge()
    note(
      try await strict.decide(
        .mobile(), presenting: try device.assertion(for: third), for: third))
    let suspended = try await world.boundDevice()
    try await registry.suspend(suspended.deviceID)
    note(try await world.decide(with: suspended))
    let disconnected = try await world.boundDevice(to: .jesse)
    try await registry.markDisconnected(.jesse)
    note(try await world.decide(.mobile(.jesse), with: disconnected))
    try await registry.revoke(placed.deviceID)
    note(try await world.decide(with: placed))
    world.clock.advance(months: 13)
    note(try await world.decide(with: device))
    return rows
  }

  @Test("where every decision is kept, decisions of all rows are, and replaying agrees with each")
  func replayed() async throws {
    let world = try await World(
      try RegistryPolicy(keyPersistence: true, eventDetail: .everyDecision))
    let rows = try await everyRow(world)
    #expect(rows == Set(DecisionRow.allCases))
    let report = try await world.registry.replay()
    #expect(report.agrees)
    #expect(report.disagreements == [])
    #expect(report.erased == 0)
    #expect(Set(report.byRow.keys).union([.d9]) == rows, "the strict policy keeps changes only")
    #expect(report.decisions == report.byRow.values.reduce(0, +))
    #expect(report.decisions >= 18)
    #expect(try await world.registry.verify().problems == [])
  }

  @Test("by default refusals and demands about a key are kept with their facts, and others not")
  func byDefault() async throws {
    let world = try await World(.persistent)
    let device = try await world.boundDevice(visitor: "visitor-1")
    _ = try await world.authenticate(device)
    _ = try await world.registry.decide(.browser(.inge, visitor: .named("nobody")))
    _ = try await world.decide(.mobile(.inge), with: device)
    let report = try await world.registry.replay()
    #expect(report.byRow == [.d8: 1])
    #expect(report.agrees)
    let record = try #require(
      try await world.registry.events(of: device.deviceID).last?.detail?.decision)
    #expect(record.request.phoneNumber == .inge)
    #expect(record.outcome == .reject(.phoneMismatch))
    #expect(record.at == world.clock.now)
    #expect(record.policy == .persistent)
  }

  @Test("a kept decision that today's rules would not make is named")
  func disagreement() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    let registration = try await world.registration(of: device)
    let wrong = DecisionRecord(
      request: .mobile(.inge), facts: KeyFacts(presented: .registered(registration, .fresh)),
      policy: .prove, at: world.clock.now, row: .d10, outcome: .authenticate(device.deviceID))
    #expect(!wrong.isReproduced)
    try await world.registry.writing(on: device.deviceID) { () async throws(RegistryError) in
      try await world.registry.appending(
        [EventDraft(kind: .decided, row: .d10, decision: wrong, actor: "flow")],
        to: device.deviceID, at: world.clock.now)
    }
    let report = try await world.registry.replay()
    #expect(!report.agrees)
    #expect(report.disagreements.count == 1)
    #expect(report.disagreements.first?.hasPrefix("D10 of ") == true)
  }

  @Test("a decision survives its bytes, and no other bytes are a decision")
  func bytes() async throws {
    let world = try await World(
      try RegistryPolicy(keyPersistence: true, eventDetail: .everyDecision))
    _ = try await everyRow(world)
    var position: EventPosition?
    var seen = 0
    repeat {
      let page = try await world.store.events(after: position, limit: 100)
      for stored in page {
        guard let record = try world.registry.openEvent(stored).detail?.decision else { continue }
        seen += 1
        let bytes = record.encoded
        #expect(DecisionRecord(decoding: bytes) == record)
        #expect(DecisionRecord(decoding: bytes + [0]) == nil)
        for count in stride(from: 0, to: bytes.count, by: 7) {
          #expect(DecisionRecord(decoding: Array(bytes.prefix(count))) == nil)
        }
      }
      position = page.last?.position
    } while position != nil
    #expect(seen >= 18)
  }

  @Test("explains the latest attempts in plain words, the latest first, without ids or numbers")
  func explained() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    _ = try await world.decide(.mobile(.inge), with: device)
    try await world.registry.revoke(device.deviceID, reason: "asked for by 2001004014")
    let all = try await world.registry.explain(device.deviceID)
    #expect(all.map(\.kind) == [.revoked, .rejected, .bound, .placed])
    #expect(
      all[1].text
        == "The key is tied to another number than the request named: refused, and the tie stands.")
    #expect(all[1].row == .d8)
    for explanation in all {
      #expect(!explanation.text.contains { $0.isNumber })
      #expect(!explanation.text.contains(device.deviceID.rawValue))
    }
    #expect(try await world.registry.explain(device.deviceID, limit: 2) == Array(all[..<2]))
    await #expect(throws: RegistryError.unknownDevice) {
      try await world.registry.explain(try TestDevice().deviceID)
    }
  }

  @Test("every reason and every kind of event has a sentence of its own")
  func sentences() async throws {
    let world = try await World()
    let device = try await world.boundDevice()
    let reasons =
      PossessionReason.withoutCount.map(\.name) + RejectionReason.allCases.map(\.rawValue)
    try await world.registry.writing(on: device.deviceID) { () async throws(RegistryError) in
      try await world.registry.appending(
        reasons.map { EventDraft(kind: .possessionRequired, reason: $0, actor: "flow") },
        to: device.deviceID, at: world.clock.now)
    }
    let texts = try await world.registry.explain(device.deviceID, limit: 100).map(\.text)
    // Reasons that concern no registration are never explained: they share a sentence.
    let general = texts.count { $0.hasPrefix("A possession check was asked for (") }
    #expect(general == 5)
    #expect(Set(texts).count == texts.count)
  }

  @Test("a sweep erases what is personal once it is older than the policy keeps it, not before")
  func retention() async throws {
    let world = try await World(try RegistryPolicy(eventDetailDays: 30))
    let device = try await world.boundDevice()
    _ = try await world.decide(.mobile(.inge), with: device)
    world.clock.advance(seconds: 30 * 86_400)
    #expect(try await world.registry.sweep().detailsErased == 0)
    _ = try await world.decide(.mobile(.inge), with: device)
    world.clock.advance(seconds: 86_400)
    #expect(try await world.registry.sweep().detailsErased == 1)
    let events = try await world.registry.events(of: device.deviceID)
    #expect(events.map { $0.detail?.decision != nil } == [false, false, false, true])
    #expect(events.map(\.isRedacted) == [false, false, true, false])
    let report = try await world.registry.replay()
    #expect(report.decisions == 1)
    #expect(report.erased == 1)
    #expect(try await world.registry.verify().problems == [])
    let forever = try await World(try RegistryPolicy(eventDetailDays: nil))
    let kept = try await forever.boundDevice()
    try await forever.registry.revoke(kept.deviceID, reason: "kept")
    forever.clock.advance(months: 100)
    #expect(try await forever.registry.sweep().detailsErased == 0)
  }

  @Test("the registrations that a number has already are told where another would be added")
  func bindingLookup() async throws {
    let world = try await World(try RegistryPolicy(keyPersistence: true, bindingLookup: true))
    let first = try await world.boundDevice(visitor: "visitor-1")
    let second = try await world.boundDevice()
    let suspended = try await world.boundDevice()
    try await world.registry.suspend(suspended.deviceID)
    _ = try await world.boundDevice(to: .inge)
    let decision = try await world.registry.decide(.browser(visitor: .named("visitor-2")))
    #expect(decision.row == .d15)
    #expect(Set(decision.existing.map(\.deviceID)) == [first.deviceID, second.deviceID])
    #expect(try await world.registry.decide(.browser()).existing.isEmpty, "it recovers")
    let off = try await world.registry(.persistent)
    #expect(try await off.decide(.browser(visitor: .named("visitor-2"))).existing.isEmpty)
  }

  @Test("of the registrations that a number has the latest used 100 are told, in their order")
  func bindingLookupOfMany() async throws {
    let world = try await World(try RegistryPolicy(keyPersistence: true, bindingLookup: true))
    var latestFirst: [DeviceID] = []
    for _ in 0..<105 {
      latestFirst.insert(try await world.boundDevice(.hardware).deviceID, at: 0)
      world.clock.advance(seconds: 40_000)
    }
    let decision = try await world.registry.decide(.browser(visitor: .named("visitor-2")))
    #expect(decision.existing.map(\.deviceID) == Array(latestFirst.prefix(100)))
    let data = try await world.registry.personalData(of: .phoneNumber(.lorant))
    #expect(data.registrations.map(\.deviceID) == latestFirst)
  }
}
