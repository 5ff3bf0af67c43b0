/// How long and how deep a line of JSON may be.
package struct LineLimits: Equatable, Sendable {
  /// Bytes of a line, its end not counted.
  package let byteCount: Int
  /// How deep arrays and objects may be nested.
  package let nesting: Int
  /// Values in a line.
  package let valueCount: Int

  /// States the limits.
  package init(byteCount: Int, nesting: Int, valueCount: Int) {
    self.byteCount = byteCount
    self.nesting = nesting
    self.valueCount = valueCount
  }

  /// Bytes of a request's id.
  package static let idByteCount = 256
  /// Bytes of a name that an error repeats.
  static let repeatedNameByteCount = 64
}
