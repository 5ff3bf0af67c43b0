import ProveKeySealing

/// Reads records from a set that is trusted, while `RecordStore.reading` or `writing` runs.
struct RecordReader {
  let store: RecordStore

  /// The keys that make locators.
  var keys: StoreKeys { store.keys }

  /// Whether there is a record; answered from memory (V4).
  func contains(_ locator: Locator) -> Bool { store.trusted?.rows.contains(locator) ?? false }

  /// How many records a namespace has; answered from memory (V4).
  func count(in namespace: Locator) -> Int { store.trusted?.count(in: namespace) ?? 0 }

  /// The content of a record and its namespace; nothing when there is no such record.
  func content(at locator: Locator) throws(VaultError) -> (bytes: [UInt8], namespace: Locator)? {
    try withSealed(at: locator) { row, sealed throws(VaultError) in
      (try open(row, sealed), row.trusted.namespace)
    }
  }

  /// Lends the content of a record to `body` with its namespace, in passing memory that is zeroed;
  /// nothing when there is no such record.
  func withContent<R>(
    at locator: Locator, _ body: (Span<UInt8>, Locator) throws(VaultError) -> R
  ) throws(VaultError) -> R? {
    try withSealed(at: locator) { row, sealed throws(VaultError) -> R in
      var result: Result<R, VaultError>?
      try wrapping(.using(.record)) { () throws(SealingError) in
        try keys.lendOpened(sealed, as: Self.context(row)) { content in
          do throws(VaultError) {
            result = .success(try body(content, row.trusted.namespace))
          } catch {
            result = .failure(error)
          }
        }
      }
      guard let result else { throw .damaged(VaultDamage(.record, .malformed)) }
      return try result.get()
    }
  }

  /// The secret content of a record, in guarded memory; nothing when there is no such record.
  func secret(at locator: Locator) throws(VaultError) -> SecretBox? {
    try withSealed(at: locator) { row, sealed throws(VaultError) in
      try wrapping(.using(.record)) { () throws(SealingError) in
        SecretBox(try keys.openSecret(sealed, as: Self.context(row)))
      }
    }
  }

  /// Hands the content of every record of a namespace to `body`.
  func forEachContent(
    in namespace: Locator, _ body: ([UInt8]) throws(VaultError) -> Void
  ) throws(VaultError) {
    var left = count(in: namespace)
    guard left > 0 else { return }
    try store.table.forEachRow(in: namespace) { row, sealed throws(VaultError) in
      try check(row)
      left -= 1
      try body(try open(row, sealed))
    }
    // The index was searched: a row that it no longer shows is missed here.
    guard left == 0 else { throw .damaged(VaultDamage(.record, .missing)) }
  }

  /// Lends the sealed bytes of a record; nothing when there is no such record.
  func withSealed<R>(
    at locator: Locator, _ body: (RecordTable.Row, Span<UInt8>) throws(VaultError) -> R
  ) throws(VaultError) -> R? {
    guard let trusted = store.trusted?.rows[locator] else { return nil }
    let result = try store.table.withRow(at: locator) { row, sealed throws(VaultError) in
      guard row.trusted == trusted else { throw .damaged(VaultDamage(.record, .replaced)) }
      return try body(row, sealed)
    }
    guard let result else { throw .damaged(VaultDamage(.record, .missing)) }
    return result
  }

  /// Refuses a row that is not the trusted one (V4).
  func check(_ row: RecordTable.Row) throws(VaultError) {
    guard let trusted = store.trusted?.rows[row.locator] else {
      throw .damaged(VaultDamage(.record, .unexpected))
    }
    guard row.trusted == trusted else { throw .damaged(VaultDamage(.record, .replaced)) }
  }

  private func open(
    _ row: RecordTable.Row, _ sealed: Span<UInt8>
  ) throws(VaultError) -> [UInt8] {
    try wrapping(.using(.record)) { () throws(SealingError) in
      try keys.open(sealed, as: Self.context(row))
    }
  }

  /// The place that a record is sealed for: the namespace is a column in the clear.
  static func context(_ row: RecordTable.Row) -> RecordContext {
    context(row.locator, version: row.trusted.version, namespace: row.trusted.namespace)
  }

  /// The place that a record is sealed for.
  static func context(_ locator: Locator, version: UInt64, namespace: Locator) -> RecordContext {
    RecordContext(table: "record", locator: locator, version: version, namespace: namespace)
  }
}
