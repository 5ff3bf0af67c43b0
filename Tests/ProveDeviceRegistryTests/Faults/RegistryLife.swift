import CampaignSupport
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import ProveKeyTesting
import Testing

@testable import ProveDeviceRegistry

/// The life of one registry in a file as a script, and what was acknowledged of each device.
final class RegistryLife: Sendable {
  /// What fails on the way.
  enum Trouble: Sendable {
    case nothing
    /// One operation: whoever met it tries again.
    case once
    /// One and all after it: the life ends there.
    case lasting
  }

  /// What anyone can see of one device.
  struct State: Equatable, Sendable {
    var registration: KeyRegistration?
    var events: [KeyEvent] = []

    /// An event's hash says all of it but what a sweep takes from old ones.
    static func == (left: State, right: State) -> Bool {
      left.registration == right.registration && left.events.map(\.hash) == right.events.map(\.hash)
    }

    /// The same for two devices that have had the same life with other random keys.
    var outline: String {
      ([registration?.state.name.rawValue ?? "none"] + events.map(\.kind.name))
        .joined(separator: " ")
    }
  }

  /// What became of one change of one device.
  struct Change: Sendable {
    let name: String
    /// Whether it is several transactions.
    let isLong: Bool
    /// How much had happened to the disk when it began, and when it was acknowledged.
    let began: Int
    var acknowledged: Int?
    /// What there was to be seen afterwards.
    var state: State?
  }

  /// A copy of the registry.
  struct Backup: Sendable {
    let began: Int
    var acknowledged: Int?
    let states: [State]
  }

  /// An authentication that must not be completed again.
  struct Spent: Sendable {
    let ticket: KeyTicket
    let at: UTCInstant
    let acknowledged: Int
  }

  /// What is known of the life so far.
  struct Story: Sendable {
    var changes: [[Change]]
    var tickets: [Int: KeyTicket] = [:]
    var spent: [Spent] = []
    var backup: Backup?
    var sweepBegan: Int?
    var isOver = false
  }

  static let deviceCount = 5

  /// Where the registry stands in a folder.
  static func file(in folder: String) -> String { folder + "/registry.sqlite" }
  /// Where its copy stands.
  static func backup(in folder: String) -> String { folder + "/backup.sqlite" }

  let folder: String
  let unlock: UnlockMethod
  let clock = ManualClock(.start)
  let devices: [TestDevice]
  let story: Locked<Story>
  private let trouble: Trouble
  private let mode: SQLiteStoreOptions.Mode
  /// How much has happened to the disk.
  private let position: @Sendable () -> Int
  private let opened = Locked<(store: SQLiteRegistryStore, registry: DeviceRegistry)?>(nil)

  init(
    in folder: String, unlock: UnlockMethod, trouble: Trouble = .nothing,
    mode: SQLiteStoreOptions.Mode = .shared,
    position: @escaping @Sendable () -> Int = { 0 }
  ) throws {
    self.folder = folder
    self.unlock = unlock
    self.trouble = trouble
    self.mode = mode
    self.position = position
    devices = try (0..<Self.deviceCount).map { _ in try TestDevice(.vault) }
    story = Locked(Story(changes: Array(repeating: [], count: Self.deviceCount)))
  }

  /// Lives it through, or until what fails for good has been met.
  func run() async throws {
    for step in Self.steps where !story.withLock({ $0.isOver }) { try await step(self) }
    // Whatever happened, nobody uses the file any more.
    opened.withLock { $0 = nil }
  }

  // MARK: The script

  typealias Step = @Sendable (RegistryLife) async throws -> Void

  private static let steps: [Step] = [
    { try await $0.attempt("open") { try await $0.open() } },
    { try await $0.together(0..<deviceCount) { try await $0.place($1) } },
    { try await $0.together(0..<deviceCount) { try await $0.bind($1) } },
    { try await $0.together(0..<3) { try await $0.authenticate($1) } },
    { life in
      try await life.change(1, "rebind") { _ = try await $0.rebind($1.deviceID, to: .inge) }
    },
    { life in
      try await life.change(2, "revoke") { _ = try await $0.revoke($1.deviceID, reason: "lost") }
    },
    { life in
      try await life.change(4, "erase", isLong: true) {
        _ = try await $0.erase(.deviceID($1.deviceID))
      }
    },
    { try await $0.backUp() },
    { life in
      life.clock.advance(months: 7)
      try await life.together(0..<2) { try await $0.authenticate($1) }
    },
    { life in
      life.clock.advance(months: 7)
      life.story.withLock { $0.sweepBegan = life.position() }
      try await life.change(3, "sweep", isLong: true) { registry, _ in
        _ = try await registry.sweep()
      }
    },
    { life in
      try await life.together(0..<2) { try await $0.authenticate($1) }
    },
    { try await $0.attempt("close") { try await $0.registry?.close() } },
  ]

  private func place(_ index: Int) async throws {
    try await change(index, "place") { registry, device in
      let challenge = registry.issueChallenge()
      try await registry.place(
        try device.offer(for: challenge), for: challenge, on: .web,
        visitorID: try VisitorID(validating: "visitor-\(index % 2)"))
    }
  }

  private func bind(_ index: Int) async throws {
    try await change(index, "bind") { _ = try await $0.bind($1.deviceID, to: .lorant) }
  }

  /// By the flow: decided, then completed.
  private func authenticate(_ index: Int) async throws {
    let number = index == 1 && history(of: index).contains { $0.name == "rebind" }
    try await change(index, "decide") { [story] registry, device in
      let challenge = registry.issueChallenge()
      let decision = try await registry.decide(
        .mobile(number ? .inge : .lorant), presenting: try device.assertion(for: challenge),
        for: challenge)
      let ticket = try decision.needed
      story.withLock { $0.tickets[index] = ticket }
    }
    guard let ticket = story.withLock({ $0.isOver ? nil : $0.tickets[index] }) else { return }
    try await change(index, "complete") { registry, _ in
      _ = try #require(try await registry.complete(ticket))
    }
    guard let acknowledged = history(of: index).last?.acknowledged else { return }
    let spent = Spent(ticket: ticket, at: clock.now, acknowledged: acknowledged)
    story.withLock { $0.spent.append(spent) }
  }

  private func backUp() async throws {
    let states = (0..<Self.deviceCount).map { history(of: $0).last?.state ?? State() }
    story.withLock { $0.backup = Backup(began: position(), states: states) }
    try await attempt("backup") {
      _ = try await $0.opened.withLock { $0?.store }?.backup(to: Self.backup(in: $0.folder))
    }
    guard !story.withLock({ $0.isOver }) else { return }
    story.withLock { $0.backup?.acknowledged = position() }
  }

  // MARK: Living

  private var registry: DeviceRegistry? { opened.withLock { $0?.registry } }

  /// The changes of one device up to now.
  func history(of index: Int) -> [Change] { story.withLock { $0.changes[index] } }

  private func open() async throws {
    let store = try SQLiteRegistryStore(
      at: Self.file(in: folder), unlock: unlock, options: .init(mode: mode))
    let registry = try await DeviceRegistry(
      store: store, scope: .shop, policy: try RegistryPolicy(eventDetail: .everyDecision),
      clock: clock.wall)
    opened.withLock { $0 = (store, registry) }
  }

  /// At once, so that they share commits.
  private func together(
    _ indexes: Range<Int>, _ body: @escaping @Sendable (RegistryLife, Int) async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in indexes { group.addTask { try await body(self, index) } }
      try await group.waitForAll()
    }
  }

  /// Does what is not a change of one device, and again when one failure was in the way.
  private func attempt(
    _ name: String, _ body: (RegistryLife) async throws -> Void
  ) async throws {
    guard let error = try await failure({ try await body(self) }) else { return }
    expectFailure(error, name)
    if trouble != .once { story.withLock { $0.isOver = true } }
    // A store that could not be closed in good order is closed.
    if trouble == .once, name != "close" { try await body(self) }
  }

  private func change(
    _ index: Int, _ name: String, isLong: Bool = false,
    _ body: (DeviceRegistry, TestDevice) async throws -> Void
  ) async throws {
    guard let registry else { return }
    let device = devices[index]
    let before = history(of: index).last?.state ?? State()
    let change = Change(name: name, isLong: isLong, began: position())
    let place = story.withLock { story in
      story.changes[index].append(change)
      return story.changes[index].count - 1
    }
    if let error = try await failure({ try await body(registry, device) }) {
      expectFailure(error, name)
      guard trouble == .once else { return story.withLock { $0.isOver = true } }
      // The store that saw one failure is as it was, and goes on.
      let found = try await Self.state(of: device, in: registry)
      if !isLong { #expect(found == before, "after a failure in \(name)") }
      try await body(registry, device)
    }
    story.withLock { $0.changes[index][place].acknowledged = position() }
    var state: State?
    if let error = try await failure({ state = try await Self.state(of: device, in: registry) }) {
      expectFailure(error, "reading after \(name)")
      guard trouble == .once else { return story.withLock { $0.isOver = true } }
      state = try await Self.state(of: device, in: registry)
    }
    story.withLock { [state] in $0.changes[index][place].state = state }
  }

  private func failure(_ body: () async throws -> Void) async throws -> RegistryError? {
    do { try await body() } catch let error as RegistryError { return error }
    return nil
  }

  /// A failure of the machine is never called damage, a wrong key or another's file.
  private func expectFailure(_ error: RegistryError, _ name: String) {
    switch error {
    case .store(.diskFull), .store(.failed): break
    default: Issue.record("a failure in \(name) was called \(error)")
    }
  }

  static func state(
    of device: TestDevice, in registry: DeviceRegistry
  ) async throws(RegistryError) -> State {
    State(
      registration: try await registry.registration(device.deviceID),
      events: try await registry.events(of: device.deviceID))
  }
}
