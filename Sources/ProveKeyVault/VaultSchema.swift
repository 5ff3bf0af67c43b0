import SQLiteDatabase

/// The tables of a vault, by format.
enum VaultSchema {
  /// "PKSV": what marks a file as a vault.
  static let applicationID: Int32 = 0x504B_5356

  /// The formats, oldest first; append only.
  static let migrator = Migrator(
    applicationID: applicationID,
    migrations: [Migration(version: 1, statements: HeaderTables.statements + format1)])

  private static let format1 = [
    """
    CREATE TABLE state (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      sealed BLOB NOT NULL CHECK (length(sealed) BETWEEN 113 AND 1024)
    ) STRICT
    """,
    """
    CREATE TABLE record (
      locator BLOB NOT NULL PRIMARY KEY CHECK (length(locator) = 16),
      namespace BLOB NOT NULL CHECK (length(namespace) = 16),
      epoch INTEGER NOT NULL CHECK (epoch BETWEEN 1 AND 4294967295),
      version INTEGER NOT NULL CHECK (version > 0),
      sealed BLOB NOT NULL CHECK (length(sealed) >= 113)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX record_by_namespace ON record (namespace, locator)",
  ]
}
