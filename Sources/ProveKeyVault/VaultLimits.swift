/// Every limit of a vault in one place.
enum VaultLimits {
  /// Keys in one scope, pending ones included.
  static let keysPerScope = 1_000
  /// Rows in one vault: each takes about 120 bytes of memory while the vault is open.
  static let recordsPerVault = 4_000_000
  /// Bytes of a path: what Linux allows.
  static let pathByteCount = 4_096
  /// Milliseconds that opening in shared mode waits for who has the file alone: another opening or the
  /// last closing takes less, and an exclusive holder stays.
  static let openingMilliseconds: Int32 = 500
  /// Bytes of a challenge, as `KeyAssertion` has it.
  static let challengeByteCounts = 16...255
  /// Counter values reserved at once in exclusive mode.
  ///
  /// A durable write costs as much as some ten signatures; a crash skips at most so many values,
  /// which no server minds. In shared mode it is one: the server tells apart only the 64 values
  /// under the highest (D3), and a block held by one process would fall behind while another signs.
  static let counterBlock: UInt64 = 256
  /// Generations that a vault which is not whole may have had beyond those that it shows: more than it
  /// can write in years, and few enough that vaults can be salvaged again and again.
  static let salvagedGenerations: UInt64 = 1 << 32
  /// Keys whose signing key stays in guarded memory: 63 of them share a locked page of 4 KiB, so all
  /// together take 1 MiB of a limit that is often 8.
  static let cachedSigners = 16_384
  /// Keys whose public facts stay decoded.
  static let cachedKeys = 4_096
  /// Scopes whose directory and namespace stay in memory.
  static let cachedScopes = 1_024
  /// What a caller may allow an origin's keys and values together, in UTF-16 code units.
  static let storageQuotaCodeUnits = 0...67_108_864
  /// Key and value of one item together, in UTF-16 code units: 10 MiB, under the 16 MiB of a record.
  static let storageItemCodeUnits = 5_242_880
  /// Items of one origin: each is a row, and one origin must not use up those of the vault.
  static let storageItemsPerOrigin = 100_000
  /// Changes that wait for one listener at most.
  static let storageChangesBuffered = 1_024
  /// Origins whose keys stay decoded.
  static let cachedOrigins = 16
  /// Code units of the name of a database, store or index, and of a path to a key.
  static let databaseNameCodeUnits = 1_024
  /// Databases of one origin.
  static let databasesPerOrigin = 1_000
  /// Object stores of one database.
  static let databaseStores = 256
  /// Indexes of one object store.
  static let databaseIndexes = 64
  /// Paths of one key path; each may be as long as a name.
  static let databaseKeyPathCount = 16
  /// Bytes of the record that describes a database: names and key paths of all its stores.
  static let databaseSchemaByteCount = 1 << 20
  /// Bytes of a key as it is encoded.
  static let databaseKeyByteCount = 65_536
  /// Arrays in arrays of a key.
  static let databaseKeyDepth = 32
  /// Bytes of a value as it is encoded: with its key it is under the 16 MiB of a record.
  static let databaseValueByteCount = 15 << 20
  /// Arrays and objects in each other, of a value.
  static let databaseValueDepth = 128
  /// Keys that one value may have in all indexes of its store together.
  static let databaseIndexKeysPerRow = 10_000
  /// Rows of one object store, out of those of the vault.
  static let databaseRowsPerStore = 1_000_000
  /// Bytes of keys and values that one transaction may hold in memory until it commits.
  static let databaseTransactionByteCount = 64 << 20
  /// Bytes that the entries of indexes may take that one upgrade makes over rows: a million rows with
  /// short keys.
  static let databaseMadeIndexByteCount = 128 << 20
  /// Ranges of one store that one transaction deletes without noting each row.
  static let databaseRangesDeleted = 1_024
  /// Object stores whose order is kept in memory, and bytes that these may take together; the one
  /// that is in use is kept in any case.
  static let databaseOrders = 64
  static let databaseOrderByteCount = 128 << 20
  /// Rows that a rotation walks in one transaction.
  static let rotationRowCount = 256
  /// Sealed bytes after which a rotation ends its transaction early.
  static let rotationByteCount = 4 << 20
  /// The longest sealed record that is taken for a private key when it is sealed anew.
  static let guardedRecordByteCount = 4_096
  /// Problems that a report lists; the rest is counted.
  static let reportedProblems = 100
}
