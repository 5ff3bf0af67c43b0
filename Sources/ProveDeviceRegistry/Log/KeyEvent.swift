public import ProveKeyModel
import ProveKeySealing

/// Something that happened to a registration, chained to what happened before.
public struct KeyEvent: Hashable, Sendable {
  /// What happened.
  public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
    /// The key was registered, not yet bound.
    case placed = 1
    /// The key was tied to a number.
    case bound = 2
    /// An authentication was completed with the key.
    case authenticated = 3
    /// The registration was restored under a new key.
    case recovered = 4
    /// The key was tied to a number verified anew.
    case rebound = 5
    /// The binding was taken away.
    case unbound = 6
    /// The key was disabled for good.
    case revoked = 7
    /// A sweep noted the key as inactive.
    case deactivated = 8
    /// The key was replaced after signs of a copy.
    case rekeyed = 9
    /// A counter was used before or is too old.
    case counterRegression = 10
    /// The key's vault is older than one seen.
    case staleVault = 11
    /// Two copies of the key's vault are in use.
    case forkedVault = 12
    /// A request was refused.
    case rejected = 13
    /// A request was answered with a demand for possession.
    case possessionRequired = 14
    /// A possession check failed.
    case possessionFailed = 15
    /// The key was barred from use until it is resumed.
    case suspended = 16
    /// A suspended key may be used again.
    case resumed = 17
    /// The device got another name.
    case renamed = 18
    /// The bound number was marked as out of service.
    case disconnected = 19
    /// The person's data was erased; the registration is gone.
    case erased = 20
    /// A decision that changes nothing by itself, kept where every decision is.
    case decided = 21
    /// The registration came from another registry; the reason names the state it came in.
    case imported = 22

    /// Whether a registration's events begin with it.
    var beginsChain: Bool { self == .placed || self == .imported }

    /// The kind's name, as listings show it.
    public var name: String { String(describing: self) }
  }

  let format: UInt8
  /// 1 for the registration's first event, then one higher each time.
  public let sequence: UInt64
  /// What happened.
  public let kind: Kind
  /// When.
  public let at: UTCInstant
  /// The row of the decision table behind it, if a decision was.
  public let row: DecisionRow?
  /// The reason's name, if there was one.
  public let reason: String?
  /// What is personal of it, unless that was erased or there was nothing.
  public let detail: EventDetail?
  /// The version of the policy that ruled.
  public let policyVersion: UInt32
  /// Who acted: `flow`, `sweep`, `operator` or what the caller named.
  public let actor: String
  /// BLAKE2b-256 of the detail's bytes, which begin with 16 random ones; nothing where there never
  /// was a detail.
  let detailHash: [UInt8]?
  /// BLAKE2b-256 of the event before this one; zeros for the first.
  public let previousHash: [UInt8]

  /// BLAKE2b-256 of this event's bytes, which the next event carries.
  public var hash: [UInt8] { Hashing.blake2b256(encoded) }
}

extension KeyEvent {
  static let noPreviousHash = [UInt8](repeating: 0, count: 32)

  /// What somebody noted with it, unless that was erased.
  public var note: String? { detail?.note }

  /// Whether there was a detail that was erased since.
  public var isRedacted: Bool { detailHash != nil && detail == nil }

  /// The format of new events.
  ///
  /// An event keeps the one that it was made in, since the next event carries the hash of its bytes.
  static let format: UInt8 = 3

  // Format 2 had whole integers, and texts led by four bytes; format 1 had no detail either, and a
  // note in the place of the reason.
  var encoded: [UInt8] {
    var writer = ByteWriter(reservingCapacity: 128)
    writer.write(format)
    format < 3 ? writer.write(sequence) : writer.writeVarint(sequence)
    writer.write(kind.rawValue)
    format < 3 ? writer.write(at.millisecondsSinceEpoch) : writer.writeInstant(at)
    writer.writeOptional(row) { $0.write(UInt8($1.rawValue)) }
    writer.writeOptional(reason) { $0.writeText($1, format) }
    format < 3 ? writer.write(policyVersion) : writer.writeVarint(UInt64(policyVersion))
    writer.writeText(actor, format)
    if format > 1 { writer.writeOptional(detailHash) { $0.writeFixed($1) } }
    writer.writeFixed(previousHash)
    return writer.bytes
  }

  /// Reads an event and its detail, which must be the one that it names.
  init?(decoding bytes: [UInt8], detail detailBytes: [UInt8]?) {
    var reader = ByteReader(bytes)
    do {
      let format = try reader.read(UInt8.self, "format")
      guard (1...Self.format).contains(format) else { return nil }
      self.format = format
      sequence = try reader.readNumber("sequence", format)
      guard let kind = Kind(rawValue: try reader.read(UInt8.self, "kind")) else { return nil }
      self.kind = kind
      at = try reader.readInstant("at", format)
      let row = try reader.readOptional("row") { reader throws(ByteReader.Malformed) in
        try reader.read(UInt8.self, "row")
      }
      self.row = row.flatMap { DecisionRow(rawValue: Int($0)) }
      guard (row == nil) == (self.row == nil) else { return nil }
      let limit = RegistryLimits.noteByteLimit
      reason = try reader.readOptional("reason") { reader throws(ByteReader.Malformed) in
        try reader.readText(limit: limit, "reason", format)
      }
      let policyVersion =
        format < 3
        ? UInt64(try reader.read(UInt32.self, "policyVersion"))
        : try reader.readVarint("policyVersion")
      guard let policyVersion = UInt32(exactly: policyVersion) else { return nil }
      self.policyVersion = policyVersion
      actor = try reader.readText(limit: limit, "actor", format)
      detailHash =
        format < 2
        ? nil
        : try reader.readOptional("detailHash") { reader throws(ByteReader.Malformed) in
          try reader.readFixed(32, "detailHash")
        }
      previousHash = try reader.readFixed(32, "previousHash")
      try reader.finish()
    } catch { return nil }  // the caller reports damage of the row
    guard let detailBytes else {
      detail = nil
      return
    }
    guard Hashing.blake2b256(detailBytes) == detailHash,
      let detail = EventDetail(decoding: detailBytes)
    else { return nil }
    self.detail = detail
  }
}

extension ByteWriter {
  fileprivate mutating func writeText(_ text: String, _ format: UInt8) {
    format < 3 ? writeText(text) : writePackedText(text)
  }
}
