import ProveDeviceRegistry
import ProveKeyModel
import SQLiteDatabase

/// Rows of people whom no test asks for, put into a registry's file beside the few that it does ask
/// for: as many, as long and as spread as real ones, but nobody can open them.
enum Crowd {
  /// Adds as many registrations, with an event each and a spent challenge for one in ten.
  static func join(_ world: World, count: Int) throws {
    let connection = try Connection(
      path: world.path, options: ConnectionOptions(access: .readWrite, locking: .normal))
    let day = UTCInstant.start.daysSinceEpoch
    try connection.transaction { () throws(DatabaseError) in
      for statement in statements(count: count, day: day) { try connection.execute(statement) }
    }
    try connection.checkpoint(.truncate)
    try connection.close()
  }

  /// Seven of ten are bound and used within the last 300 days; the others were left long ago.
  private static func statements(count: Int, day: Int64) -> [String] {
    [
      """
      WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < \(count))
      INSERT INTO registration (device, visitor, phone, prove, customer, human, state,
        last_active_day, version, epoch, sealed)
      SELECT randomblob(16), randomblob(16), randomblob(16), randomblob(16),
        CASE WHEN i % 2 = 0 THEN randomblob(16) END, CASE WHEN i % 5 = 0 THEN randomblob(16) END,
        CASE WHEN i % 10 < 7 THEN 2 WHEN i % 10 = 7 THEN 4 ELSE 5 END,
        CASE WHEN i % 10 < 7 THEN \(day) - i % 300 ELSE \(day) - 400 - i % 300 END,
        1, 1, randomblob(273)
      FROM n
      """,
      """
      INSERT INTO event (device, sequence, epoch, sealed)
      SELECT device, 1, 1, randomblob(145) FROM registration WHERE length(sealed) = 273
      """,
      """
      WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < \(count / 10))
      INSERT INTO item (locator, version, expiry_day, epoch, sealed)
      SELECT randomblob(16), 1, \(day) + 400 + i % 3, 1, randomblob(81) FROM n
      """,
    ]
  }

  /// How many pages a look-up goes through in each tree of the file, from its root to a leaf.
  static func depths(of world: World) throws -> [String: Int] {
    let connection = try Connection(
      path: world.path, options: ConnectionOptions(access: .readOnly, locking: .normal))
    let statement = try connection.prepare(
      """
      SELECT name, max(length(path) - length(replace(path, '/', ''))) FROM dbstat GROUP BY name
      """)
    var depths: [String: Int] = [:]
    try statement.forEachRow { row throws(DatabaseError) in
      depths[try row.string(at: 0)] = Int(try row.int64(at: 1))
    }
    try connection.close()
    return depths
  }
}
