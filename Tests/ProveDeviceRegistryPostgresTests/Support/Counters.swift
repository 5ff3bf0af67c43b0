import Foundation
import PostgresTestSupport

@testable import ProveDeviceRegistryPostgres

/// What the server counted for the registry's tables, so that tests can bound what calls cost.
struct Counters: Equatable {
  /// Pages of tables asked for, in memory or not.
  var tablePages = 0
  /// Pages of indexes asked for, in memory or not.
  var indexPages = 0
  /// Entries of indexes that were read.
  var indexEntries = 0
  /// Rows that index searches fetched.
  var rows = 0
  /// Rows read in scans of whole tables that grow with the registry.
  var scannedRows = 0

  static func - (left: Counters, right: Counters) -> Counters {
    Counters(
      tablePages: left.tablePages - right.tablePages,
      indexPages: left.indexPages - right.indexPages,
      indexEntries: left.indexEntries - right.indexEntries, rows: left.rows - right.rows,
      scannedRows: left.scannedRows - right.scannedRows)
  }
}

extension StoreFixture {
  private static let grown =
    "relname IN ('prove_registration', 'prove_candidate', 'prove_event', 'prove_item')"

  /// What the server has counted; sessions report as they end.
  func counters() throws -> Counters {
    let text = try value(
      """
      SELECT
        (SELECT sum(heap_blks_read + heap_blks_hit) FROM pg_statio_user_tables WHERE \(Self.grown)),
        (SELECT sum(idx_blks_read + idx_blks_hit) FROM pg_statio_user_indexes WHERE \(Self.grown)),
        (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE \(Self.grown)),
        (SELECT sum(idx_tup_fetch) FROM pg_stat_user_tables WHERE \(Self.grown)),
        (SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE \(Self.grown))
      """)
    let numbers = text.split(separator: "|").compactMap { Int($0) }
    guard numbers.count == 5 else { throw ShellError(description: "no counters: \(text)") }
    return Counters(
      tablePages: numbers[0], indexPages: numbers[1], indexEntries: numbers[2], rows: numbers[3],
      scannedRows: numbers[4])
  }

  /// What `body` costs the server, through a handle of its own; all its sessions have reported.
  func cost(_ body: (PostgresRegistryStore) async throws -> Void) async throws -> Counters {
    try await ended()
    let before = try counters()
    let store = try await another()
    try await body(store)
    try await store.close()
    try await ended()
    return try counters() - before
  }

  /// Waits until nobody else has a session in the database.
  private func ended() async throws {
    try await wait(
      until: """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = '\(database)' AND pid <> pg_backend_pid()
        """, is: "0")
  }

  /// The pages from an index's root to a leaf, of the deepest there is.
  func deepestIndex() throws -> Int {
    let text = try value(
      """
      CREATE EXTENSION IF NOT EXISTS pageinspect;
      SELECT max((bt_metap(indexrelname::text)).level) + 1 FROM pg_stat_user_indexes
      WHERE \(Self.grown)
      """)
    guard let depth = Int(text) else { throw ShellError(description: "no depth: \(text)") }
    return depth
  }

  /// Puts rows of people whom no test asks for beside the few that it does ask for.
  ///
  /// They are as many, as long and as spread as real ones, but nobody can open them. Seven of ten
  /// are bound.
  func crowd(_ count: Int, day: Int64) throws {
    // An md5 is 16 bytes that look random, as a locator does.
    let bytes = { (name: String) in "decode(md5('\(name)' || i), 'hex')" }
    let sealed = { (count: Int) in "decode(repeat(md5('s' || i), \(count / 16 + 1)), 'hex')" }
    _ = try value(
      """
      SET synchronous_commit = off;
      INSERT INTO prove_registration (device, visitor, phone, prove, customer, human, state,
        last_active_day, version, epoch, sealed)
      SELECT \(bytes("d")), \(bytes("v")), \(bytes("p")), \(bytes("q")),
        CASE WHEN i % 2 = 0 THEN \(bytes("c")) END, CASE WHEN i % 5 = 0 THEN \(bytes("h")) END,
        CASE WHEN i % 10 < 7 THEN 2 WHEN i % 10 = 7 THEN 4 ELSE 5 END,
        CASE WHEN i % 10 < 7 THEN \(day) - i % 300 ELSE \(day) - 400 - i % 300 END, 1, 1,
        \(sealed(331))
      FROM generate_series(1, \(count)) AS s(i);
      INSERT INTO prove_candidate (visitor, device, phone, prove, last_active_day)
      SELECT \(bytes("v")), \(bytes("d")), \(bytes("p")), \(bytes("q")), \(day) - i % 300
      FROM generate_series(1, \(count)) AS s(i) WHERE i % 10 < 7;
      INSERT INTO prove_event (device, sequence, epoch, sealed)
      SELECT \(bytes("d")), 1, 1, \(sealed(177)) FROM generate_series(1, \(count)) AS s(i);
      INSERT INTO prove_item (locator, version, expiry_day, epoch, sealed)
      SELECT \(bytes("i")), 1, \(day) + 400, 1, \(sealed(81))
      FROM generate_series(1, \(count / 10)) AS s(i);
      """)
    // As the server itself does in the background, sooner or later.
    for table in ["registration", "candidate", "event", "item"] {
      _ = try value("VACUUM ANALYZE prove_\(table)")
    }
  }
}
