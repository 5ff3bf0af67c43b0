import ProveKeyModel
import ProveKeySealing

/// What is personal in an event: sealed beside it, and erased without breaking the chain.
///
/// The event carries the hash of the detail, and the detail begins with 16 random bytes: once it is
/// erased, not even the holder of the store's keys can try out what it was.
public struct EventDetail: Hashable, Sendable {
  /// What somebody noted, as the reason of a revocation.
  public let note: String?
  /// The decision with all that it was made of.
  public let decision: DecisionRecord?

  private let salt: [UInt8]

  /// Puts a detail together; nothing when there is nothing in it.
  init?(note: String?, decision: DecisionRecord?) {
    guard note != nil || decision != nil else { return nil }
    self.note = note
    self.decision = decision
    salt = SecureRandom.bytes(16)
  }
}

extension EventDetail {
  // Layout 1: salt 16, note text?, decision block?.
  var encoded: [UInt8] {
    var writer = ByteWriter(reservingCapacity: 512)
    writer.write(UInt8(1))
    writer.writeFixed(salt)
    writer.writeOptional(note) { $0.writeText($1) }
    writer.writeOptional(decision) { $0.writeBlock($1.encoded) }
    return writer.bytes
  }

  init?(decoding bytes: [UInt8]) {
    var reader = ByteReader(bytes)
    do {
      guard try reader.read(UInt8.self, "layout") == 1 else { return nil }
      salt = try reader.readFixed(16, "salt")
      note = try reader.readOptional("note") { reader throws(ByteReader.Malformed) in
        try reader.readText(limit: RegistryLimits.noteByteLimit, "note")
      }
      decision = try reader.readOptional("decision") { reader throws(ByteReader.Malformed) in
        let bytes = try reader.readBlock(limit: RegistryLimits.decisionByteLimit, "decision")
        guard let record = DecisionRecord(decoding: bytes) else {
          throw ByteReader.Malformed(field: "decision")
        }
        return record
      }
      try reader.finish()
    } catch { return nil }  // the caller reports damage of the row
  }
}
