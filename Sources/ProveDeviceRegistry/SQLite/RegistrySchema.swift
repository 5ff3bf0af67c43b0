import SQLiteDatabase

/// The tables of a registry in SQLite, and every statement that runs on them.
///
/// Rows are found by locators of 16 bytes. Listings run backwards over an index, so that a page costs
/// as many rows as it has. Only four indexes have the state and the day in them: those that an
/// authentication or a sweep moves an entry of.
enum RegistrySchema {
  /// "PKSr": marks a file as a registry.
  static let applicationID: Int32 = 0x504B_5372

  static let migrator = Migrator(
    applicationID: applicationID,
    migrations: [
      Migration(version: 1, statements: HeaderTables.statements + firstTables),
      Migration(version: 2, statements: secondFormat),
      Migration(version: 3, statements: thirdFormat),
      Migration(version: 4, statements: fourthFormat),
    ])

  private static let firstTables =
    [
      """
      CREATE TABLE registration (
        device BLOB NOT NULL PRIMARY KEY CHECK (length(device) = 16),
        visitor BLOB CHECK (length(visitor) = 16),
        phone BLOB CHECK (length(phone) = 16),
        prove BLOB CHECK (length(prove) = 16),
        customer BLOB CHECK (length(customer) = 16),
        human BLOB CHECK (length(human) = 16),
        state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 5),
        last_active_day INTEGER NOT NULL,
        version INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        sealed BLOB NOT NULL
      ) STRICT, WITHOUT ROWID
      """
    ] + registrationIndexes + [
      """
      CREATE TABLE candidate (
        visitor BLOB NOT NULL CHECK (length(visitor) = 16),
        device BLOB NOT NULL CHECK (length(device) = 16),
        phone BLOB NOT NULL CHECK (length(phone) = 16),
        prove BLOB CHECK (length(prove) = 16),
        last_active_day INTEGER NOT NULL,
        PRIMARY KEY (visitor, device)
      ) STRICT, WITHOUT ROWID
      """,
      "CREATE INDEX candidate_by_day ON candidate (visitor, last_active_day, device)",
      "CREATE INDEX candidate_by_phone ON candidate (visitor, phone, last_active_day, device)",
      """
      CREATE INDEX candidate_by_prove ON candidate (visitor, prove, last_active_day, device)
        WHERE prove IS NOT NULL
      """,
      """
      CREATE TABLE event (
        device BLOB NOT NULL CHECK (length(device) = 16),
        sequence INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        sealed BLOB NOT NULL,
        PRIMARY KEY (device, sequence)
      ) STRICT, WITHOUT ROWID
      """,
      """
      CREATE TABLE item (
        locator BLOB NOT NULL PRIMARY KEY CHECK (length(locator) = 16),
        version INTEGER NOT NULL,
        expiry_day INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        sealed BLOB NOT NULL
      ) STRICT, WITHOUT ROWID
      """,
      "CREATE INDEX item_by_expiry ON item (expiry_day)",
    ]

  private static let registrationIndexes = [
    """
    CREATE INDEX registration_by_visitor ON registration (visitor, last_active_day, device)
      WHERE visitor IS NOT NULL
    """,
    """
    CREATE INDEX registration_by_phone ON registration (phone, last_active_day, device)
      WHERE phone IS NOT NULL
    """,
    """
    CREATE INDEX registration_by_prove ON registration (prove, last_active_day, device)
      WHERE prove IS NOT NULL
    """,
    """
    CREATE INDEX registration_by_customer ON registration (customer, last_active_day, device)
      WHERE customer IS NOT NULL
    """,
    """
    CREATE INDEX registration_by_human ON registration (human, last_active_day, device)
      WHERE human IS NOT NULL
    """,
    "CREATE INDEX registration_by_state ON registration (state, last_active_day, device)",
  ]

  /// Two more states, details of events that can be erased, and the set digests.
  private static let secondFormat =
    [
      """
      CREATE TABLE registration_2 (
        device BLOB NOT NULL PRIMARY KEY CHECK (length(device) = 16),
        visitor BLOB CHECK (length(visitor) = 16),
        phone BLOB CHECK (length(phone) = 16),
        prove BLOB CHECK (length(prove) = 16),
        customer BLOB CHECK (length(customer) = 16),
        human BLOB CHECK (length(human) = 16),
        state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 7),
        last_active_day INTEGER NOT NULL,
        version INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        sealed BLOB NOT NULL
      ) STRICT, WITHOUT ROWID
      """,
      """
      INSERT INTO registration_2 (device, visitor, phone, prove, customer, human, state,
        last_active_day, version, epoch, sealed)
      SELECT device, visitor, phone, prove, customer, human, state, last_active_day, version,
        epoch, sealed
      FROM registration
      """,
      "DROP TABLE registration",
      "ALTER TABLE registration_2 RENAME TO registration",
    ] + registrationIndexes + [
      "ALTER TABLE event ADD COLUMN detail_day INTEGER",
      "ALTER TABLE event ADD COLUMN detail BLOB",
      """
      CREATE INDEX event_by_detail_day ON event (detail_day, device, sequence)
        WHERE detail_day IS NOT NULL
      """,
      """
      CREATE TABLE bucket (
        bucket INTEGER PRIMARY KEY CHECK (bucket BETWEEN 0 AND 255),
        version INTEGER NOT NULL,
        sealed BLOB NOT NULL
      ) STRICT
      """,
    ]

  /// Candidates are found by indexes of the registrations that are bound, not in a table of their own.
  ///
  /// From here on records are packed (`RegistrationRecord.swift`).
  private static let thirdFormat = [
    "DROP TABLE candidate",
    """
    CREATE INDEX candidate_by_day ON registration (visitor, last_active_day, device)
      WHERE state = 2 AND visitor IS NOT NULL
    """,
    """
    CREATE INDEX candidate_by_phone ON registration (visitor, phone, last_active_day, device)
      WHERE state = 2 AND visitor IS NOT NULL
    """,
    """
    CREATE INDEX candidate_by_prove ON registration (visitor, prove, last_active_day, device)
      WHERE state = 2 AND visitor IS NOT NULL AND prove IS NOT NULL
    """,
  ]

  /// A person's registrations are listed in an order that using them does not change, and a
  /// visitor's by state first, which serves for its candidates as well.
  private static let fourthFormat =
    [
      "DROP INDEX candidate_by_day", "DROP INDEX registration_by_visitor",
      """
      CREATE INDEX registration_by_visitor
        ON registration (visitor, state, last_active_day, device) WHERE visitor IS NOT NULL
      """,
    ]
    + ["phone", "prove", "customer", "human"].flatMap { column in
      [
        "DROP INDEX registration_by_\(column)",
        """
        CREATE INDEX registration_by_\(column) ON registration (\(column), device)
          WHERE \(column) IS NOT NULL
        """,
      ]
    }
}

/// The text of each statement, by what it does.
enum RegistrySQL {
  private static let columns = """
    r.device, r.visitor, r.phone, r.prove, r.customer, r.human, r.state, r.last_active_day, \
    r.version, r.epoch, r.sealed
    """

  static let registration = "SELECT \(columns) FROM registration AS r WHERE r.device = ?1"
  static let item = "SELECT version, expiry_day, epoch, sealed FROM item WHERE locator = ?1"
  private static let eventColumns = "device, sequence, epoch, sealed, detail_day, detail"

  static let events = """
    SELECT \(eventColumns) FROM event WHERE device = ?1 AND sequence > ?2
    ORDER BY sequence LIMIT ?3
    """
  static let lastEvent = """
    SELECT \(eventColumns) FROM event WHERE device = ?1 ORDER BY sequence DESC LIMIT 1
    """
  static let allEvents = """
    SELECT \(eventColumns) FROM event WHERE (device, sequence) > (?1, ?2)
    ORDER BY device, sequence LIMIT ?3
    """
  static let detailedEvents = """
    SELECT \(eventColumns) FROM event WHERE detail_day < ?1
    ORDER BY detail_day, device, sequence LIMIT ?2
    """

  static let digests = "SELECT bucket, version, sealed FROM bucket ORDER BY bucket"
  static let digest = "SELECT bucket, version, sealed FROM bucket WHERE bucket = ?1"

  /// Registrations by state and day; walks an index of the whole table.
  static let cohorts = """
    SELECT state, last_active_day, count(*) FROM registration
    GROUP BY state, last_active_day ORDER BY state, last_active_day
    """
  /// Visitors by the number of their candidates; walks an index of all that have a visitor.
  static let visitorsByCandidates = """
    SELECT n, count(*) FROM (
      SELECT count(*) AS n FROM registration INDEXED BY registration_by_visitor
      WHERE state = 2 AND visitor IS NOT NULL GROUP BY visitor) GROUP BY n
    """
  static let candidateCount = """
    SELECT count(*) FROM registration WHERE state = 2 AND visitor IS NOT NULL
    """

  /// Registrations by one locator, after the device ?3, at most ?4.
  static func listing(by column: String) -> String {
    """
    SELECT \(columns) FROM registration AS r
    WHERE r.\(column) = ?1 AND r.device < ?3 ORDER BY r.device DESC LIMIT ?4
    """
  }

  /// Registrations in state ?1, after the position (?2, ?3), at most ?4.
  static let listingByState = listingByDay("", "r.state = ?1")
  /// Registrations of visitor ?1 in state ?5, after the position (?2, ?3), at most ?4.
  static let listingByVisitor = listingByDay("", "r.visitor = ?1 AND r.state = ?5")

  /// Candidates of visitor ?1 active since ?5, after the position (?2, ?3), at most ?4.
  static let candidates = candidateListing("registration_by_visitor", "")
  /// As `candidates`, with the number ?6.
  static let candidatesWithPhone = candidateListing("candidate_by_phone", "AND r.phone = ?6")
  /// As `candidates`, with the consumer ?6.
  static let candidatesWithProve = candidateListing("candidate_by_prove", "AND r.prove = ?6")

  private static func candidateListing(_ index: String, _ condition: String) -> String {
    listingByDay(
      "INDEXED BY \(index)",
      "r.state = 2 AND r.visitor = ?1 \(condition) AND r.last_active_day >= ?5")
  }

  private static func listingByDay(_ index: String, _ condition: String) -> String {
    """
    SELECT \(columns) FROM registration AS r \(index)
    WHERE \(condition) AND (r.last_active_day, r.device) < (?2, ?3)
    ORDER BY r.last_active_day DESC, r.device DESC LIMIT ?4
    """
  }

  static let insertRegistration = """
    INSERT INTO registration (device, visitor, phone, prove, customer, human, state,
      last_active_day, version, epoch, sealed)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
    ON CONFLICT (device) DO NOTHING
    """
  static let updateRegistration = """
    UPDATE registration SET visitor = ?2, phone = ?3, prove = ?4, customer = ?5, human = ?6,
      state = ?7, last_active_day = ?8, version = ?9, epoch = ?10, sealed = ?11
    WHERE device = ?1 AND version = ?12
    """
  /// As `updateRegistration` where no column of an index changes: SQLite rewrites the entry of every
  /// index that has a column in the list, changed or not.
  static let updateSealed = """
    UPDATE registration SET version = ?2, epoch = ?3, sealed = ?4 WHERE device = ?1 AND version = ?5
    """
  /// As `updateRegistration` where of the columns of indexes only state and day change, as when a key
  /// is used on another day or by a sweep: the entries of the indexes without them, on pages of their
  /// own each, stay.
  static let updateStanding = """
    UPDATE registration SET version = ?2, epoch = ?3, sealed = ?4, state = ?6, last_active_day = ?7
    WHERE device = ?1 AND version = ?5
    """
  static let deleteRegistration = "DELETE FROM registration WHERE device = ?1 AND version = ?2"
  static let insertEvent = """
    INSERT INTO event (device, sequence, epoch, sealed, detail_day, detail)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT (device, sequence) DO NOTHING
    """
  static let redactEvent = """
    UPDATE event SET detail_day = NULL, detail = NULL WHERE device = ?1 AND sequence = ?2
    """
  static let insertItem = """
    INSERT INTO item (locator, version, expiry_day, epoch, sealed) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (locator) DO NOTHING
    """
  static let updateItem = """
    UPDATE item SET version = ?2, expiry_day = ?3, epoch = ?4, sealed = ?5
    WHERE locator = ?1 AND version = ?6
    """
  static let deleteItem = "DELETE FROM item WHERE locator = ?1"
  static let updateDigest = """
    UPDATE bucket SET version = ?2, sealed = ?3 WHERE bucket = ?1 AND version = ?4
    """
  static let insertDigest = "INSERT INTO bucket (bucket, version, sealed) VALUES (?1, ?2, ?3)"
  static let deleteExpiredItems = """
    DELETE FROM item WHERE locator IN
      (SELECT locator FROM item WHERE expiry_day < ?1 ORDER BY expiry_day LIMIT ?2)
    """
}
