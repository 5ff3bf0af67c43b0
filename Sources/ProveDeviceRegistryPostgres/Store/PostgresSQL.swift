/// Every statement that runs on the tables, by what it does.
///
/// They keep to the subset of SQL that docs/postgres.md names.
enum PostgresSQL {
  typealias Types = [SQLStatement.ValueType]

  private static let registrationColumns = """
    device, visitor, phone, prove, customer, human, state, last_active_day, version, epoch, sealed
    """
  private static let eventColumns = "device, sequence, epoch, sealed, detail_day, detail"

  // MARK: Reading

  static let registration = SQLStatement(
    "registration",
    "SELECT \(registrationColumns) FROM prove_registration WHERE device = $1", [.bytes])
  /// How many devices ``registrations`` names.
  static let devicesAtOnce = 32
  /// Many registrations in one statement, which costs the server far less than one statement each.
  static let registrations = SQLStatement(
    "registrations",
    """
    SELECT \(registrationColumns) FROM prove_registration
    WHERE device IN (\((1...devicesAtOnce).map { "$\($0)" }.joined(separator: ", ")))
    """, Types(repeating: .bytes, count: devicesAtOnce))
  static let item = SQLStatement(
    "item", "SELECT version, expiry_day, epoch, sealed FROM prove_item WHERE locator = $1", [.bytes]
  )
  static let events = SQLStatement(
    "events",
    """
    SELECT \(eventColumns) FROM prove_event WHERE device = $1 AND sequence > $2
    ORDER BY sequence LIMIT $3
    """, [.bytes, .integer, .integer])
  static let lastEvent = SQLStatement(
    "last_event",
    """
    SELECT \(eventColumns) FROM prove_event WHERE device = $1 ORDER BY sequence DESC LIMIT 1
    """, [.bytes])
  static let allEvents = SQLStatement(
    "all_events",
    """
    SELECT \(eventColumns) FROM prove_event WHERE (device, sequence) > ($1, $2)
    ORDER BY device, sequence LIMIT $3
    """, [.bytes, .integer, .integer])
  static let detailedEvents = SQLStatement(
    "detailed_events",
    """
    SELECT \(eventColumns) FROM prove_event WHERE detail_day < $1
    ORDER BY detail_day, device, sequence LIMIT $2
    """, [.integer, .integer])

  /// Registrations in state $1, after the position ($2, $3), at most $4.
  static let listingByState = SQLStatement(
    "listing_by_state", listingByDay("state = $1"), [.integer, .integer, .bytes, .integer])
  /// Registrations of visitor $1 in state $5, after the position ($2, $3), at most $4.
  static let listingByVisitor = SQLStatement(
    "listing_by_visitor", listingByDay("visitor = $1 AND state = $5"),
    [.bytes, .integer, .bytes, .integer, .integer])

  private static func listingByDay(_ condition: String) -> String {
    """
    SELECT \(registrationColumns) FROM prove_registration
    WHERE \(condition) AND (last_active_day, device) < ($2, $3)
    ORDER BY last_active_day DESC, device DESC LIMIT $4
    """
  }

  // Registrations by one locator, after the device $2, at most $3.

  static let listingByPhone = listing(by: "phone")
  static let listingByProve = listing(by: "prove")
  static let listingByCustomer = listing(by: "customer")
  static let listingByHuman = listing(by: "human")

  private static func listing(by column: String) -> SQLStatement {
    SQLStatement(
      "listing_by_\(column)",
      """
      SELECT \(registrationColumns) FROM prove_registration
      WHERE \(column) = $1 AND device < $2 ORDER BY device DESC LIMIT $3
      """, [.bytes, .bytes, .integer])
  }

  /// Devices of the visitor $1 active since $5, after the position ($2, $3), at most $4.
  ///
  /// Their rows are read by device, since they may live elsewhere.
  static let candidates = candidateListing("candidates", "", [])
  /// As `candidates`, with the number $6.
  static let candidatesWithPhone = candidateListing(
    "candidates_with_phone", "AND phone = $6", [.bytes])
  /// As `candidates`, with the consumer $6.
  static let candidatesWithProve = candidateListing(
    "candidates_with_prove", "AND prove = $6", [.bytes])

  private static func candidateListing(
    _ name: String, _ condition: String, _ types: Types
  ) -> SQLStatement {
    SQLStatement(
      name,
      """
      SELECT device FROM prove_candidate
      WHERE visitor = $1 \(condition)
        AND (last_active_day, device) < ($2, $3) AND last_active_day >= $5
      ORDER BY last_active_day DESC, device DESC LIMIT $4
      """, [.bytes, .integer, .bytes, .integer, .integer] + types)
  }

  // MARK: Writing

  static let insertRegistration = SQLStatement(
    "insert_registration",
    """
    INSERT INTO prove_registration (\(registrationColumns))
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (device) DO NOTHING
    """, registrationTypes)
  static let updateRegistration = SQLStatement(
    "update_registration",
    """
    UPDATE prove_registration SET visitor = $2, phone = $3, prove = $4, customer = $5, human = $6,
      state = $7, last_active_day = $8, version = $9, epoch = $10, sealed = $11
    WHERE device = $1 AND version = $12
    """, registrationTypes + [.integer])
  private static let registrationTypes: Types =
    [
      .bytes, .bytes, .bytes, .bytes, .bytes, .bytes, .integer, .integer, .integer, .integer,
      .bytes,
    ]
  static let deleteRegistration = SQLStatement(
    "delete_registration", "DELETE FROM prove_registration WHERE device = $1 AND version = $2",
    [.bytes, .integer])
  static let insertCandidate = SQLStatement(
    "insert_candidate",
    """
    INSERT INTO prove_candidate (visitor, device, phone, prove, last_active_day)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (visitor, device) DO UPDATE SET phone = excluded.phone, prove = excluded.prove,
      last_active_day = excluded.last_active_day
    """, [.bytes, .bytes, .bytes, .bytes, .integer])
  static let deleteCandidate = SQLStatement(
    "delete_candidate", "DELETE FROM prove_candidate WHERE visitor = $1 AND device = $2",
    [.bytes, .bytes])
  static let insertEvent = SQLStatement(
    "insert_event",
    """
    INSERT INTO prove_event (\(eventColumns)) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (device, sequence) DO NOTHING
    """, [.bytes, .integer, .integer, .bytes, .integer, .bytes])
  static let redactEvent = SQLStatement(
    "redact_event",
    """
    UPDATE prove_event SET detail_day = NULL, detail = NULL WHERE device = $1 AND sequence = $2
    """, [.bytes, .integer])
  static let insertItem = SQLStatement(
    "insert_item",
    """
    INSERT INTO prove_item (locator, version, expiry_day, epoch, sealed)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (locator) DO NOTHING
    """, [.bytes, .integer, .integer, .integer, .bytes])
  static let updateItem = SQLStatement(
    "update_item",
    """
    UPDATE prove_item SET version = $2, expiry_day = $3, epoch = $4, sealed = $5
    WHERE locator = $1 AND version = $6
    """, [.bytes, .integer, .integer, .integer, .bytes, .integer])
  static let deleteItem = SQLStatement(
    "delete_item", "DELETE FROM prove_item WHERE locator = $1", [.bytes])

  /// Items to remove are found first and then deleted one by one under their keys.
  static let expiredItems = SQLStatement(
    "expired_items",
    "SELECT locator FROM prove_item WHERE expiry_day < $1 ORDER BY expiry_day, locator LIMIT $2",
    [.integer, .integer])
  static let deleteExpiredItem = SQLStatement(
    "delete_expired_item", "DELETE FROM prove_item WHERE locator = $1 AND expiry_day < $2",
    [.bytes, .integer])

  // MARK: Ids of writes

  static let insertWrite = SQLStatement(
    "insert_write", "INSERT INTO prove_write (id, day) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING",
    [.bytes, .integer])
  /// Changes nothing: it gives a commit something to wait for.
  static let touchWrite = SQLStatement(
    "touch_write", "UPDATE prove_write SET day = day WHERE id = $1", [.bytes])
  static let deleteWrite = SQLStatement(
    "delete_write", "DELETE FROM prove_write WHERE id = $1", [.bytes])
  static let oldWrites = SQLStatement(
    "old_writes", "SELECT id FROM prove_write WHERE day < $1 ORDER BY day, id LIMIT $2",
    [.integer, .integer])

  // MARK: Set digests

  static let digests = SQLStatement(
    "digests", "SELECT bucket, version, sealed FROM prove_bucket ORDER BY bucket")
  static let lockedDigest = SQLStatement(
    "locked_digest",
    "SELECT bucket, version, sealed FROM prove_bucket WHERE bucket = $1 FOR UPDATE", [.integer])
  static let updateDigest = SQLStatement(
    "update_digest",
    "UPDATE prove_bucket SET version = $2, sealed = $3 WHERE bucket = $1 AND version = $4",
    [.integer, .integer, .bytes, .integer])
  static let insertDigest = SQLStatement(
    "insert_digest", "INSERT INTO prove_bucket (bucket, version, sealed) VALUES ($1, $2, $3)",
    [.integer, .integer, .bytes])

  /// All statements above, for the test that holds them to the subset.
  static let all = [
    registration, registrations, item, events, lastEvent, allEvents, detailedEvents, listingByState,
    listingByVisitor, listingByPhone, listingByProve, listingByCustomer, listingByHuman,
    candidates, candidatesWithPhone, candidatesWithProve, insertRegistration, updateRegistration,
    deleteRegistration, insertCandidate, deleteCandidate, insertEvent, redactEvent, insertItem,
    updateItem, deleteItem, expiredItems, deleteExpiredItem, insertWrite, touchWrite,
    deleteWrite, oldWrites, digests, lockedDigest, updateDigest, insertDigest,
  ]
}
