/// Where a record belongs: it opens in this place and in no other.
public struct RecordContext: Sendable {
  /// The table it stands in.
  public let table: String
  /// The row it stands in.
  public let locator: Locator
  /// The version of that row.
  public let version: UInt64
  /// The row's columns in the clear that the record vouches for, in the table's order.
  public let columns: [[UInt8]]
  /// A locator in the clear that comes before ``columns``: the commonest column, without an array.
  let namespace: Locator?

  /// Names a place.
  public init(table: String, locator: Locator, version: UInt64, columns: [[UInt8]] = []) {
    self.table = table
    self.locator = locator
    self.version = version
    self.columns = columns
    namespace = nil
  }

  /// Names a place whose row has one locator in the clear beside its own; allocates nothing.
  package init(table: String, locator: Locator, version: UInt64, namespace: Locator) {
    self.table = table
    self.locator = locator
    self.version = version
    self.namespace = namespace
    columns = []
  }

  /// BLAKE2b-256 of (format, store id, table, locator, epoch, version, column...).
  ///
  /// Every part is led by its length as four bytes, so that no two places hash alike.
  func associatedHash(storeID: StoreID, epoch: UInt32) -> InlineArray<32, UInt8> {
    var hash = InlineArray<32, UInt8>(repeating: 0)
    var output = hash.mutableSpan
    Blake2b.hash(key: Span(), into: &output) { hasher in
      hasher.feed(UInt32(1))
      hasher.feed(SealedRecord.formatVersion)
      hasher.feedPart(storeID.content)
      hasher.feedPart(table)
      hasher.feedPart(locator.content)
      hasher.feed(UInt32(4))
      hasher.feed(epoch)
      hasher.feed(UInt32(8))
      hasher.feed(version)
      if let namespace { hasher.feedPart(namespace.content) }
      for column in columns { hasher.feedPart(column.span) }
    }
    return hash
  }
}

extension RecordContext: CustomStringConvertible {
  /// The table and the version; no column's content.
  public var description: String {
    "RecordContext(table: \(table), version: \(version), columns: \(columns.count + (namespace == nil ? 0 : 1)))"
  }
}
