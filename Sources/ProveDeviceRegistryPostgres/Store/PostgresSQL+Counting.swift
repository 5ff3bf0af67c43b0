/// Statements that count, walk and look after the schema.
extension PostgresSQL {
  // Counts run over ranges of keys, so that none of them takes long.

  static let countRegistrations = SQLStatement(
    "count_registrations",
    """
    SELECT state, count(*) FROM prove_registration WHERE device >= $1 AND device < $2
    GROUP BY state
    """, [.bytes, .bytes])
  static let countCandidates = SQLStatement(
    "count_candidates",
    "SELECT count(*) FROM prove_candidate WHERE visitor >= $1 AND visitor < $2", [.bytes, .bytes])
  static let countEvents = SQLStatement(
    "count_events", "SELECT count(*) FROM prove_event WHERE device >= $1 AND device < $2",
    [.bytes, .bytes])
  static let countItems = SQLStatement(
    "count_items", "SELECT count(*) FROM prove_item WHERE locator >= $1 AND locator < $2",
    [.bytes, .bytes])
  static let cohorts = SQLStatement(
    "cohorts",
    """
    SELECT state, last_active_day, count(*) FROM prove_registration
    WHERE device >= $1 AND device < $2 GROUP BY state, last_active_day
    """, [.bytes, .bytes])
  static let visitorsByCandidates = SQLStatement(
    "visitors_by_candidates",
    """
    SELECT n, count(*) FROM (
      SELECT count(*) AS n FROM prove_candidate WHERE visitor >= $1 AND visitor < $2
      GROUP BY visitor) AS visitors
    GROUP BY n
    """, [.bytes, .bytes])

  /// Candidates by key, from after ($1, $2), at most $3.
  static let allCandidates = SQLStatement(
    "all_candidates",
    """
    SELECT visitor, device, phone, prove, last_active_day FROM prove_candidate
    WHERE (visitor, device) > ($1, $2) ORDER BY visitor, device LIMIT $3
    """, [.bytes, .bytes, .integer])
  /// Registrations that should be listed as candidates.
  static let countListed = SQLStatement(
    "count_listed",
    """
    SELECT count(*) FROM prove_registration
    WHERE device >= $1 AND device < $2 AND state = 2 AND visitor IS NOT NULL
    """, [.bytes, .bytes])

  // MARK: Header and schema

  static let header = SQLStatement("header", "SELECT bytes FROM prove_header WHERE id = 1")
  static let insertHeader = SQLStatement(
    "insert_header",
    "INSERT INTO prove_header (id, bytes) VALUES (1, $1) ON CONFLICT (id) DO NOTHING", [.bytes])
  static let epochs = SQLStatement(
    "epochs", "SELECT epoch, sealed FROM prove_epoch ORDER BY epoch LIMIT 1000")
  static let insertEpoch = SQLStatement(
    "insert_epoch",
    "INSERT INTO prove_epoch (epoch, sealed) VALUES ($1, $2) ON CONFLICT (epoch) DO NOTHING",
    [.integer, .bytes])
  static let version = SQLStatement("version", "SELECT version FROM prove_schema WHERE id = 1")
  static let lockedVersion = SQLStatement(
    "locked_version", "SELECT version FROM prove_schema WHERE id = 1 FOR UPDATE")
  static let updateVersion = SQLStatement(
    "update_version", "UPDATE prove_schema SET version = $2 WHERE id = 1 AND version = $1",
    [.integer, .integer])

  static let counting = [
    countRegistrations, countCandidates, countEvents, countItems, cohorts, visitorsByCandidates,
    allCandidates, countListed, header, insertHeader, epochs, insertEpoch, version, lockedVersion,
    updateVersion,
  ]

  // MARK: What PostgreSQL alone knows

  /// Bytes of the tables and their indexes; elsewhere the size is simply not told.
  static let size = SQLStatement(
    "size",
    "SELECT "
      + PostgresSchema.tables.map { "pg_total_relation_size('\($0)')" }.joined(separator: " + "))
  /// How far the primary has written its log.
  static let writtenLog = SQLStatement("written_log", "SELECT pg_current_wal_flush_lsn()")
  /// How far a replica has replayed it; NULL on a primary.
  static let replayedLog = SQLStatement("replayed_log", "SELECT pg_last_wal_replay_lsn()")
  static let showFsync = SQLStatement(once: "show", "SHOW fsync")
  static let showFullPageWrites = SQLStatement(once: "show", "SHOW full_page_writes")

  static let onlyPostgres = [size, writtenLog, replayedLog, showFsync, showFullPageWrites]
}
