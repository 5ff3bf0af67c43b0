import Testing

@testable import ProveDeviceRegistryPostgres

/// What docs/postgres.md names as the subset that PostgreSQL 15, Citus, CockroachDB, YugabyteDB and
/// Aurora DSQL share.
enum PortableSQL {
  /// Words that no statement may hold.
  static let forbidden: [(pattern: String, what: String)] = [
    ("REFERENCES|FOREIGN KEY", "foreign keys"),
    ("CREATE SEQUENCE|SERIAL|BIGSERIAL|NEXTVAL", "sequences"),
    ("GENERATED", "ids made by the server"), ("TRIGGER", "triggers"), ("SAVEPOINT", "savepoints"),
    ("TEMP|TEMPORARY|UNLOGGED", "temporary tables"), ("TRUNCATE", "TRUNCATE"),
    ("PG_ADVISORY\\w*|PG_TRY_ADVISORY\\w*", "advisory locks"),
    ("PLPGSQL|FUNCTION|PROCEDURE|DO \\$", "stored programs"), ("PARTITION", "declared partitions"),
    ("NOW|CURRENT_TIMESTAMP|CURRENT_DATE|CLOCK_TIMESTAMP|LOCALTIME\\w*", "the server's clock"),
    ("TIMESTAMP|TIMESTAMPTZ|DATE|INTERVAL", "times that are not integers"),
    ("RANDOM|GEN_RANDOM_UUID|UUID", "randomness of the server's"), ("LOCK TABLE|NOWAIT", "locks"),
    ("SKIP LOCKED", "SKIP LOCKED"), ("JSON|JSONB|ARRAY|ANY|UNNEST", "types of PostgreSQL's own"),
    ("COPY|LISTEN|NOTIFY|CURSOR", "what is no statement"), ("MERGE|RETURNING", "MERGE, RETURNING"),
    ("JOIN", "joins, whose rows may live apart"), ("CONCURRENTLY", "CONCURRENTLY"),
    ("ASC", "directions in an index"), ("COLLATE|INHERITS|TABLESPACE", "storage options"),
  ]

  /// What is wrong with a statement.
  static func problems(_ text: String) -> [String] {
    let upper = text.uppercased()
    var found = forbidden.filter { matches(upper, $0.pattern) }.map(\.what)
    if upper.contains("FOR UPDATE"), !locksByKey(upper) {
      found.append("locks that are not by full primary key")
    }
    if upper.hasPrefix("UPDATE") || upper.hasPrefix("DELETE") {
      if !locksByKey(upper) { found.append("changes of rows that are not by full primary key") }
    }
    if upper.hasPrefix("SELECT"), !upper.contains("WHERE"), !isSmall(upper) {
      found.append("a walk over a whole table")
    }
    if upper.hasPrefix("INSERT"), !upper.contains("ON CONFLICT"), !upper.contains("PROVE_BUCKET") {
      found.append("an insert that fails where there is a row")
    }
    return found
  }

  /// The primary key of each table, the column that it is distributed by first.
  static let keys = [
    "PROVE_SCHEMA": ["ID"], "PROVE_HEADER": ["ID"], "PROVE_EPOCH": ["EPOCH"],
    "PROVE_REGISTRATION": ["DEVICE"], "PROVE_CANDIDATE": ["VISITOR", "DEVICE"],
    "PROVE_EVENT": ["DEVICE", "SEQUENCE"], "PROVE_ITEM": ["LOCATOR"], "PROVE_BUCKET": ["BUCKET"],
    "PROVE_WRITE": ["ID"],
  ]

  static func matches(_ text: String, _ pattern: String) -> Bool {
    guard let expression = try? Regex("\\b(\(pattern))\\b") else { return true }  // a bad pattern
    return text.contains(expression)
  }

  private static func locksByKey(_ text: String) -> Bool {
    guard let (_, key) = keys.first(where: { matches(text, $0.key) }) else { return false }
    guard let condition = text.firstRange(of: "WHERE") else { return false }
    let rest = String(text[condition.upperBound...])
    return key.allSatisfy { matches(rest, "\($0) = (\\$\\d+|1)") }
  }

  private static func isSmall(_ text: String) -> Bool {
    ["PROVE_BUCKET", "PROVE_EPOCH"].contains { matches(text, $0) }
  }
}

@Suite("The SQL of the registry")
struct PortableSQLTests {
  private static let statements = PostgresSQL.all + PostgresSQL.counting
  private static let migrations =
    PostgresSchema.versionTable + PostgresSchema.migrations.flatMap(\.self)

  @Test("keeps to the portable subset, statement by statement", arguments: statements.map(\.text))
  func statement(text: String) {
    #expect(PortableSQL.problems(text) == [])
  }

  @Test("keeps to the portable subset in its schema", arguments: migrations)
  func schema(text: String) {
    #expect(PortableSQL.problems(text) == [])
    let repeatable = ["IF NOT EXISTS", "IF EXISTS", "ON CONFLICT"]
    #expect(repeatable.contains { text.contains($0) }, "may be run again")
  }

  @Test("has a primary key for each table, which leads with what the table is distributed by")
  func keys() {
    for (table, key) in PortableSQL.keys {
      let made = Self.migrations.first {
        $0.contains("CREATE TABLE IF NOT EXISTS \(table.lowercased()) ")
      }
      let text = made?.uppercased() ?? ""
      let composite = text.contains("PRIMARY KEY (\(key.joined(separator: ", ")))")
      let single = PortableSQL.matches(text, "\(key[0]) (BIGINT|BYTEA) NOT NULL PRIMARY KEY")
      #expect(key.count == 1 ? single : composite, "\(table)")
    }
    #expect(Set(PostgresSchema.tables.map { $0.uppercased() }) == Set(PortableSQL.keys.keys))
  }

  @Test("has a name of its own for each statement, and a type for each parameter")
  func names() {
    let all = Self.statements + PostgresSQL.onlyPostgres.filter(\.isPrepared)
    #expect(Set(all.map(\.name)).count == all.count)
    for statement in all {
      let numbers = statement.text.matches(of: /\$(\d+)/).compactMap { Int($0.1) }
      #expect(Set(numbers) == Set(1..<(statement.parameterTypes.count + 1)), "\(statement.name)")
    }
  }

  @Test(
    "would be refused for what the subset leaves out",
    arguments: [
      "CREATE TABLE a (b BIGINT REFERENCES c (d))", "CREATE TABLE a (b BIGSERIAL)",
      "SAVEPOINT a", "TRUNCATE prove_item", "SELECT pg_advisory_xact_lock(1) WHERE true",
      "SELECT now() WHERE true", "CREATE TEMP TABLE a (b BIGINT)", "CREATE TRIGGER a",
      "SELECT version FROM prove_item WHERE expiry_day = $1 FOR UPDATE",
      "SELECT 1 FROM prove_candidate WHERE visitor = $1 FOR UPDATE",
      "UPDATE prove_event SET epoch = 1 WHERE device = $1", "DELETE FROM prove_item",
      "SELECT state FROM prove_registration", "CREATE TABLE a (b BIGINT) PARTITION BY HASH (b)",
      "INSERT INTO prove_item (locator) VALUES ($1)",
      "SELECT 1 FROM prove_item AS a JOIN prove_write AS b ON a.locator = b.id WHERE true",
    ])
  func refused(text: String) {
    #expect(PortableSQL.problems(text) != [])
  }
}
