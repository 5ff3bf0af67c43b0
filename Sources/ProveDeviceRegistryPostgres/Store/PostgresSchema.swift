/// The tables of a registry in PostgreSQL, as an append-only list of migrations.
///
/// Keys are locators of 16 bytes and numbers that we make. Every primary key leads with what its
/// table would be distributed by, so that the same tables serve where rows live on many machines.
/// The subset of SQL is the one that docs/postgres.md names; `PortableSQLTests` holds every
/// statement to it.
enum PostgresSchema {
  /// Every table that a migration makes.
  static let tables = [
    "prove_schema", "prove_header", "prove_epoch", "prove_registration", "prove_candidate",
    "prove_event", "prove_item", "prove_bucket", "prove_write",
  ]

  /// The table that says which version the others have; it comes before any migration.
  static let versionTable = [
    """
    CREATE TABLE IF NOT EXISTS prove_schema (
      id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
      version BIGINT NOT NULL
    )
    """,
    "INSERT INTO prove_schema (id, version) VALUES (1, 0) ON CONFLICT (id) DO NOTHING",
  ]

  /// All migrations, oldest first: each holds the statements that lead from the version before, as
  /// many as come before it, to the next.
  ///
  /// Version 2 has the same tables: from it on new records are packed (`RegistrationRecord.swift`),
  /// which a library that knows version 1 alone would take for damage. Version 3 lists a person's
  /// registrations in an order that using them does not change, and a visitor's by state first.
  static let migrations = [
    headerTables + rowTables + indexes,
    [],
    listingIndexes,
  ]

  /// The version that this library reads and writes.
  static var currentVersion: Int64 { Int64(migrations.count) }

  private static let headerTables = [
    """
    CREATE TABLE IF NOT EXISTS prove_header (
      id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
      bytes BYTEA NOT NULL
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS prove_epoch (
      epoch BIGINT NOT NULL PRIMARY KEY,
      sealed BYTEA NOT NULL
    )
    """,
  ]

  private static let rowTables = [
    """
    CREATE TABLE IF NOT EXISTS prove_registration (
      device BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(device) = 16),
      visitor BYTEA CHECK (octet_length(visitor) = 16),
      phone BYTEA CHECK (octet_length(phone) = 16),
      prove BYTEA CHECK (octet_length(prove) = 16),
      customer BYTEA CHECK (octet_length(customer) = 16),
      human BYTEA CHECK (octet_length(human) = 16),
      state BIGINT NOT NULL CHECK (state BETWEEN 1 AND 7),
      last_active_day BIGINT NOT NULL,
      version BIGINT NOT NULL,
      epoch BIGINT NOT NULL,
      sealed BYTEA NOT NULL
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS prove_candidate (
      visitor BYTEA NOT NULL CHECK (octet_length(visitor) = 16),
      device BYTEA NOT NULL CHECK (octet_length(device) = 16),
      phone BYTEA NOT NULL CHECK (octet_length(phone) = 16),
      prove BYTEA CHECK (octet_length(prove) = 16),
      last_active_day BIGINT NOT NULL,
      PRIMARY KEY (visitor, device)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS prove_event (
      device BYTEA NOT NULL CHECK (octet_length(device) = 16),
      sequence BIGINT NOT NULL,
      epoch BIGINT NOT NULL,
      sealed BYTEA NOT NULL,
      detail_day BIGINT,
      detail BYTEA,
      PRIMARY KEY (device, sequence)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS prove_item (
      locator BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(locator) = 16),
      version BIGINT NOT NULL,
      expiry_day BIGINT NOT NULL,
      epoch BIGINT NOT NULL,
      sealed BYTEA NOT NULL
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS prove_bucket (
      bucket BIGINT NOT NULL PRIMARY KEY CHECK (bucket BETWEEN 0 AND 255),
      version BIGINT NOT NULL,
      sealed BYTEA NOT NULL
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS prove_write (
      id BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16),
      day BIGINT NOT NULL
    )
    """,
  ]

  private static let listingIndexes =
    ["phone", "prove", "customer", "human"].flatMap { column in
      [
        """
        CREATE INDEX IF NOT EXISTS prove_registration_of_\(column)
          ON prove_registration (\(column), device) WHERE \(column) IS NOT NULL
        """,
        "DROP INDEX IF EXISTS prove_registration_by_\(column)",
      ]
    } + [
      """
      CREATE INDEX IF NOT EXISTS prove_registration_of_visitor
        ON prove_registration (visitor, state, last_active_day, device) WHERE visitor IS NOT NULL
      """,
      "DROP INDEX IF EXISTS prove_registration_by_visitor",
    ]

  private static let indexes =
    ["visitor", "phone", "prove", "customer", "human"].map { column in
      """
      CREATE INDEX IF NOT EXISTS prove_registration_by_\(column)
        ON prove_registration (\(column), last_active_day, device) WHERE \(column) IS NOT NULL
      """
    } + [
      """
      CREATE INDEX IF NOT EXISTS prove_registration_by_state
        ON prove_registration (state, last_active_day, device)
      """,
      """
      CREATE INDEX IF NOT EXISTS prove_candidate_by_day
        ON prove_candidate (visitor, last_active_day, device)
      """,
      """
      CREATE INDEX IF NOT EXISTS prove_candidate_by_phone
        ON prove_candidate (visitor, phone, last_active_day, device)
      """,
      """
      CREATE INDEX IF NOT EXISTS prove_candidate_by_prove
        ON prove_candidate (visitor, prove, last_active_day, device) WHERE prove IS NOT NULL
      """,
      """
      CREATE INDEX IF NOT EXISTS prove_event_by_detail_day
        ON prove_event (detail_day, device, sequence) WHERE detail_day IS NOT NULL
      """,
      "CREATE INDEX IF NOT EXISTS prove_item_by_expiry ON prove_item (expiry_day, locator)",
      "CREATE INDEX IF NOT EXISTS prove_write_by_day ON prove_write (day, id)",
    ]
}
