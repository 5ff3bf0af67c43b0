import ProveKeyModel
import ProveKeyTesting
import Testing

@testable import ProveDeviceRegistry

/// What the registry lists, page by page, and the events of a registration.
@Suite("Listings", .onEveryEngine, .namingEngines)
struct ListingTests {
  @Test(
    "give every registration once, latest day first, whatever the page; a person's within a page",
    arguments: [1, 2, 5, 9])
  func pages(limit: Int) async throws {
    let world = try await World()
    var expected: Set<DeviceID> = []
    for index in 0..<9 {
      if index % 3 == 0 { world.clock.advance(seconds: 86_400) }
      let device = try TestDevice(.hardware)
      try await world.bind(
        device, proveID: .lorant, visitor: "visitor-1", customer: "customer-1", human: "human-1")
      expected.insert(device.deviceID)
    }
    let queries: [RegistrationQuery] = [
      .visitor(Visitor.named().id), .phoneNumber(.lorant), .proveID(.lorant),
      .clientCustomerID(try ClientCustomerID(validating: "customer-1")),
      .clientHumanID(try ClientHumanID(validating: "human-1")), .state(.bound),
    ]
    for query in queries {
      let pages = try await pages(world, query, limit: limit)
      let found = pages.flatMap(\.self)
      #expect(found.count == 9)
      #expect(Set(found.map(\.deviceID)) == expected)
      let isOfPerson = query != .state(.bound) && query != .visitor(Visitor.named().id)
      for part in isOfPerson ? pages : [found] {
        let times = part.compactMap { $0.lastAuthenticatedAt }
        #expect(times == times.sorted(by: >), "\(query)")
      }
    }
    #expect(try await all(world, .state(.revoked), limit: limit).isEmpty)
    #expect(try await all(world, .phoneNumber(.inge), limit: limit).isEmpty)
  }

  @Test("of a person miss none, and give none twice, that is used between two pages")
  func usedMeanwhile() async throws {
    let world = try await World()
    var devices: [TestDevice] = []
    for _ in 0..<6 {
      let device = try TestDevice(.hardware)
      try await world.bind(
        device, proveID: .lorant, visitor: "visitor-1", customer: "customer-1", human: "human-1")
      devices.append(device)
      world.clock.advance(seconds: 86_400)
    }
    let queries: [RegistrationQuery] = [
      .phoneNumber(.lorant), .proveID(.lorant),
      .clientCustomerID(try ClientCustomerID(validating: "customer-1")),
      .clientHumanID(try ClientHumanID(validating: "human-1")),
    ]
    for query in queries {
      var found: [DeviceID] = []
      var cursor: PageCursor?
      repeat {
        let page = try await world.registry.registrations(of: query, after: cursor, limit: 1)
        found += page.registrations.map(\.deviceID)
        cursor = page.next
        world.clock.advance(seconds: 86_400)
        for device in devices { try await world.authenticate(device) }
      } while cursor != nil
      #expect(found.count == 6, "\(query)")
      #expect(Set(found) == Set(devices.map(\.deviceID)), "\(query)")
    }
  }

  @Test("of a visitor begin with what serves, whatever the page", arguments: [1, 2, 4, 100])
  func ofVisitor(limit: Int) async throws {
    let world = try await World()
    let dormant = try await world.boundDevice(.hardware, visitor: "visitor-1")
    world.clock.advance(months: 12)
    _ = try await world.registry.sweep()
    let early = try await world.boundDevice(.hardware, visitor: "visitor-1")
    world.clock.advance(seconds: 86_400)
    let late = try await world.boundDevice(.hardware, visitor: "visitor-1")
    world.clock.advance(seconds: 86_400)
    let revoked = try await world.boundDevice(.hardware, visitor: "visitor-1")
    try await world.registry.revoke(revoked.deviceID)
    let unbound = try await world.boundDevice(.hardware, visitor: "visitor-1")
    try await world.registry.unbind(unbound.deviceID)
    let suspended = try await world.boundDevice(.hardware, visitor: "visitor-1")
    try await world.registry.suspend(suspended.deviceID)
    _ = try await world.boundDevice(.hardware, visitor: "visitor-2")
    let found = try await all(world, .visitor(Visitor.named().id), limit: limit)
    #expect(
      found.map(\.deviceID)
        == [late, early, suspended, dormant, unbound, revoked].map(\.deviceID))
  }

  @Test(
    "of bound registrations go on with those that a sweep has noted", arguments: [1, 3, 4, 100])
  func dormant(limit: Int) async throws {
    let world = try await World()
    for _ in 0..<4 { _ = try await world.boundDevice(.hardware) }
    world.clock.advance(months: 12)
    _ = try await world.registry.sweep()
    for _ in 0..<4 { _ = try await world.boundDevice(.hardware) }
    let found = try await all(world, .state(.bound), limit: limit)
    #expect(
      found.map { $0.deactivatedAt == nil } == [true, true, true, true, false, false, false, false])
    #expect(Set(found.map(\.deviceID)).count == 8)
  }

  @Test("find a person's registrations after they were unbound or revoked")
  func formerBindings() async throws {
    let world = try await World()
    let revoked = try await world.boundDevice(proveID: .lorant)
    try await world.registry.revoke(revoked.deviceID)
    let unbound = try await world.boundDevice(proveID: .lorant)
    try await world.registry.unbind(unbound.deviceID)
    let found = try await all(world, .phoneNumber(.lorant), limit: 10)
    #expect(Set(found.map(\.deviceID)) == [revoked.deviceID, unbound.deviceID])
    #expect(try await all(world, .proveID(.lorant), limit: 10).count == 2)
  }

  @Test("show a visitor's live candidates")
  func candidates() async throws {
    let world = try await World()
    let live = try await world.boundDevice(visitor: "visitor-1")
    _ = try await world.boundDevice(to: .inge, visitor: "visitor-1")
    let revoked = try await world.boundDevice(visitor: "visitor-1")
    try await world.registry.revoke(revoked.deviceID)
    let visitor = Visitor.named().id
    #expect(try await world.registry.candidates(of: visitor).count == 2)
    let ofNumber = try await world.registry.candidates(of: visitor, phoneNumber: .lorant)
    #expect(ofNumber.map(\.deviceID) == [live.deviceID])
    world.clock.advance(months: 12)
    #expect(try await world.registry.candidates(of: visitor).isEmpty)
  }

  @Test("refuse limits and cursors that are none")
  func bounds() async throws {
    let world = try await World()
    for limit in [0, -1, 1001] {
      await #expect(throws: RegistryError.model(.malformed(field: "limit"))) {
        try await world.registry.registrations(of: .state(.bound), limit: limit)
      }
      await #expect(throws: RegistryError.model(.malformed(field: "limit"))) {
        try await world.registry.candidates(of: Visitor.named().id, limit: limit)
      }
      await #expect(throws: RegistryError.model(.malformed(field: "limit"))) {
        try await world.registry.events(of: try TestDevice().deviceID, limit: limit)
      }
    }
    let long = String(repeating: "A", count: 65)
    for text in ["", "A", "no cursor", "AAAA", long] {
      #expect(throws: RegistryError.model(.malformed(field: "cursor"))) {
        try PageCursor(text: text)
      }
    }
    for _ in 0..<2 { _ = try await world.boundDevice(.hardware) }
    let page = try await world.registry.registrations(of: .state(.bound), limit: 1)
    let cursor = try #require(page.next)
    #expect(try PageCursor(text: cursor.text) == cursor)
  }

  @Test("of events run in order, page by page, and name their rows and actors")
  func events() async throws {
    let world = try await World(try RegistryPolicy(eventDetail: .everyDecision, version: 7))
    let device = try await world.boundDevice()
    for _ in 0..<3 { try await world.authenticate(device) }
    let all = try await world.registry.events(of: device.deviceID)
    #expect(all.map(\.sequence) == [1, 2, 3, 4, 5, 6, 7, 8])
    let use: [KeyEvent.Kind] = [.decided, .authenticated]
    #expect(all.map(\.kind) == [.placed, .bound] + use + use + use)
    #expect(all.map(\.actor) == ["operator", "operator"] + Array(repeating: "flow", count: 6))
    #expect(all.last?.row == .d10)
    #expect(all.allSatisfy { $0.policyVersion == 7 })
    for (earlier, later) in zip(all, all.dropFirst()) {
      #expect(later.previousHash == earlier.hash)
    }
    var paged: [KeyEvent] = []
    while true {
      let page = try await world.registry.events(
        of: device.deviceID, after: UInt64(paged.count), limit: 2)
      paged += page
      if page.isEmpty { break }
    }
    #expect(paged == all)
    #expect(try await world.registry.events(of: device.deviceID, after: 99).isEmpty)
  }

  private func all(
    _ world: World, _ query: RegistrationQuery, limit: Int
  ) async throws -> [KeyRegistration] {
    try await pages(world, query, limit: limit).flatMap(\.self)
  }

  private func pages(
    _ world: World, _ query: RegistrationQuery, limit: Int
  ) async throws -> [[KeyRegistration]] {
    var found: [[KeyRegistration]] = []
    var cursor: PageCursor?
    repeat {
      let page = try await world.registry.registrations(of: query, after: cursor, limit: limit)
      #expect(page.registrations.count <= limit)
      found.append(page.registrations)
      cursor = page.next
    } while cursor != nil
    return found
  }
}
