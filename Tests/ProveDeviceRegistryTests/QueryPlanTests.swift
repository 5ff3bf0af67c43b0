import CampaignSupport
import ProveKeyModel
import ProveKeySealing
import SQLiteDatabase
import Testing

@testable import ProveDeviceRegistry

/// How SQLite runs each statement of the registry: by an index, without sorting.
@Suite("Query plans", .inTurn)
struct QueryPlanTests {
  private static let byDevice = "SEARCH r USING PRIMARY KEY (device=?)"
  private static let fromPosition = "(last_active_day,device)<(?,?))"

  /// Every statement with its plan.
  private static var pinned: [(sql: String, plan: [String])] {
    var pinned = [
      (RegistrySQL.registration, [byDevice]),
      (RegistrySQL.item, ["SEARCH item USING PRIMARY KEY (locator=?)"]),
      (RegistrySQL.events, ["SEARCH event USING PRIMARY KEY (device=? AND sequence>?)"]),
      (RegistrySQL.lastEvent, ["SEARCH event USING PRIMARY KEY (device=?)"]),
      (RegistrySQL.allEvents, ["SEARCH event USING PRIMARY KEY ((device,sequence)>(?,?))"]),
      (
        RegistrySQL.detailedEvents,
        ["SEARCH event USING INDEX event_by_detail_day (detail_day<?)"]
      ),
      (RegistrySQL.digest, ["SEARCH bucket USING INTEGER PRIMARY KEY (rowid=?)"]),
      (RegistrySQL.updateDigest, ["SEARCH bucket USING INTEGER PRIMARY KEY (rowid=?)"]),
      (
        RegistrySQL.deleteRegistration, ["SEARCH registration USING PRIMARY KEY (device=?)"]
      ),
      (
        RegistrySQL.redactEvent, ["SEARCH event USING PRIMARY KEY (device=? AND sequence=?)"]
      ),
      (RegistrySQL.deleteItem, ["SEARCH item USING PRIMARY KEY (locator=?)"]),
      (
        RegistrySQL.candidates,
        candidatePlan("registration_by_visitor", "visitor=? AND state=?")
      ),
      (
        RegistrySQL.candidatesWithPhone,
        candidatePlan("candidate_by_phone", "visitor=? AND phone=?")
      ),
      (
        RegistrySQL.candidatesWithProve,
        candidatePlan("candidate_by_prove", "visitor=? AND prove=?")
      ),
      (
        RegistrySQL.listingByState,
        ["SEARCH r USING INDEX registration_by_state (state=? AND \(fromPosition)"]
      ),
      (
        RegistrySQL.listingByVisitor,
        [
          "SEARCH r USING INDEX registration_by_visitor (visitor=? AND state=? AND \(fromPosition)"
        ]
      ),
      (RegistrySQL.updateRegistration, ["SEARCH registration USING PRIMARY KEY (device=?)"]),
      (RegistrySQL.updateSealed, ["SEARCH registration USING PRIMARY KEY (device=?)"]),
      (RegistrySQL.updateStanding, ["SEARCH registration USING PRIMARY KEY (device=?)"]),
      (RegistrySQL.updateItem, ["SEARCH item USING PRIMARY KEY (locator=?)"]),
      (
        RegistrySQL.deleteExpiredItems,
        [
          "SEARCH item USING PRIMARY KEY (locator=?)", "LIST SUBQUERY 1",
          "SEARCH item USING COVERING INDEX item_by_expiry (expiry_day<?)",
        ]
      ),
      (RegistrySQL.insertRegistration, []), (RegistrySQL.insertEvent, []),
      (RegistrySQL.insertItem, []),
    ]
    for column in ["phone", "prove", "customer", "human"] {
      let index = "registration_by_\(column)"
      pinned.append(
        (
          RegistrySQL.listing(by: column),
          ["SEARCH r USING INDEX \(index) (\(column)=? AND device<?)"]
        ))
    }
    return pinned
  }

  private static func candidatePlan(_ index: String, _ condition: String) -> [String] {
    [
      "SEARCH r USING INDEX \(index) "
        + "(\(condition) AND last_active_day>? AND \(fromPosition)"
    ]
  }

  @Test("are pinned for every statement: no table is scanned and nothing sorted")
  func pinned() throws {
    var options = ConnectionOptions()
    options.journal = .memory
    let connection = try Connection(path: ":memory:", options: options)
    try RegistrySchema.migrator.migrate(connection)
    for (sql, plan) in Self.pinned {
      let found = try connection.queryPlan(sql)
      #expect(found == plan, "\(sql)")
      #expect(!found.contains { $0.contains("SCAN") || $0.contains("TEMP B-TREE") })
    }
  }

  @Test("of updates open only the trees whose entries change (S10)")
  func opened() throws {
    var options = ConnectionOptions()
    options.journal = .memory
    let connection = try Connection(path: ":memory:", options: options)
    try RegistrySchema.migrator.migrate(connection)
    // The table; with the four indexes that have state and day; with the four of a person's.
    for (sql, trees) in [
      (RegistrySQL.updateSealed, 1), (RegistrySQL.updateStanding, 5),
      (RegistrySQL.updateRegistration, 9),
    ] {
      #expect(try connection.operations(sql).count { $0 == "OpenWrite" } == trees, "\(sql)")
    }
  }

  /// The virtual machine's steps for the candidates that a decision reads, and the rows found.
  private func work(
    _ world: World, _ sql: String, limit: Int
  ) throws -> (steps: Int, rows: Int, sorts: Int, scans: Int) {
    let connection = try Connection(
      path: world.path, options: ConnectionOptions(access: .readOnly, locking: .normal))
    let codec = world.registry.codec
    let statement = try connection.prepare(sql)
    try statement.bind(codec.locator(of: Visitor.named().id).bytes, at: 1)
    try statement.bind(Int64.max, at: 2)
    try statement.bind([UInt8](repeating: 0xFF, count: 17), at: 3)
    try statement.bind(Int64(limit), at: 4)
    try statement.bind(Int64.min, at: 5)
    if sql == RegistrySQL.candidatesWithPhone {
      try statement.bind(codec.locator(of: PhoneNumber.lorant).bytes, at: 6)
    }
    var rows = 0
    try statement.forEachRow { _ throws(DatabaseError) in rows += 1 }
    return (statement.steps, rows, statement.sorts, statement.fullscanSteps)
  }

  @Test("read as many rows of a visitor with 1, 100 and 2,000 registrations (S4)")
  func bounded() async throws {
    let world = try await World(.persistent)
    let key = try TestDevice(.hardware).publicKey
    var steps: [String: [Int]] = [:]
    var written = 0
    for count in [1, 100, 2000] {
      while written < count {
        let batch = min(400, count - written)
        let rows = try (0..<batch).map { _ in
          RegistryWrite.insert(try world.registry.codec.seal(try Self.registration(key)))
        }
        #expect(try await world.store.write(rows, as: WriteID()) == .applied)
        written += batch
      }
      for sql in [RegistrySQL.candidates, RegistrySQL.candidatesWithPhone] {
        let one = try work(world, sql, limit: 1)
        #expect(one.rows == 1)
        #expect(one.sorts == 0)
        #expect(one.scans == 0)
        steps[sql, default: []].append(one.steps)
        let decision = try work(world, sql, limit: RegistryLimits.candidateLimit)
        #expect(decision.rows == min(count, RegistryLimits.candidateLimit))
      }
      let decision = try await world.registry.decide(.browser())
      #expect(decision.row == (count == 1 ? .d16 : .d17))
    }
    for (sql, steps) in steps {
      #expect(Set(steps).count == 1, "\(steps) steps for \(sql)")
    }
  }

  private static func registration(_ key: PublicKey) throws -> KeyRegistration {
    var generator = SystemRandomNumberGenerator()
    return try KeyRegistration(
      placing: key, as: .random(using: &generator), on: .web, visitorID: Visitor.named().id,
      at: .start
    ).bound(to: .lorant, proveID: nil, at: .start)
  }
}
