import JSONLines

/// Every limit of the shell in one place.
package enum ShellLimits: Sendable {
  /// Bytes of a line, its end not counted: the largest item of localStorage with every code unit
  /// written as an escape of six bytes, and a mebibyte and a half for the rest.
  package static let lineByteCount = 33_554_432
  /// How deep arrays and objects of a line may be nested: a value of 128 levels takes up to three
  /// each.
  package static let nesting = 400
  /// Values in a line: the largest item of localStorage as a list of code units, and some more.
  static let valuesPerLine = 5_300_000
  /// What one line may hold.
  static let line = LineLimits(
    byteCount: lineByteCount, nesting: nesting, valueCount: valuesPerLine)
  /// Bytes of a result that lists what a store holds.
  package static let resultByteCount = 67_108_864
  /// Rows of a result that lists what a store holds.
  static let resultRows = 100_000
  /// Operations in one transaction.
  static let operationsPerTransaction = 10_000
  /// Databases open at once.
  static let openDatabases = 64
  /// Object stores that opening a database may describe: as many as one may have.
  static let stores = 256
}
