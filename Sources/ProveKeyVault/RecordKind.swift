import ProveKeyModel

/// Which kind of content a record has: the first byte of every content.
enum RecordKind: UInt8 {
  case key = 1
  case seed = 2
  case counter = 3
  case directory = 4
  case storageItem = 5
  case storageUsage = 6
  case database = 7
  case databaseState = 8
  case databaseRow = 9
}

extension RecordKind {
  /// Reads a content of this kind to its end.
  func reading<R>(
    _ bytes: [UInt8], _ body: (inout ByteReader) throws(ByteReader.Malformed) -> R
  ) throws(VaultError) -> R {
    do throws(ByteReader.Malformed) {
      var reader = ByteReader(bytes)
      guard try reader.read(UInt8.self, "kind") == rawValue else {
        throw ByteReader.Malformed(field: "kind")
      }
      let result = try body(&reader)
      try reader.finish()
      return result
    } catch {
      throw .damaged(VaultDamage(.record, .malformed))
    }
  }
}
