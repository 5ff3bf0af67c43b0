/// Where a vault's file is not what the vault wrote, and what was found there.
///
/// It names no key, no origin and no content.
public struct VaultDamage: Hashable, Sendable {
  /// The part of the vault.
  public let place: Place
  /// What was found there.
  public let finding: Finding

  /// Names a place and a finding.
  public init(_ place: Place, _ finding: Finding) {
    self.place = place
    self.finding = finding
  }

  /// The parts of a vault.
  @nonexhaustive
  public enum Place: Hashable, Sendable {
    /// The pages of the database.
    case file
    /// The tables and indexes as the database lists them.
    case schema
    /// The header that wraps the root key.
    case header
    /// A sealed data key.
    case epochKey
    /// The sealed state that vouches for all rows.
    case state
    /// The set of all rows.
    case records
    /// One row.
    case record
    /// What the records of one key or scope say together.
    case keys
    /// What the records of one origin's storage say together.
    case storage
    /// What the records of one database say together.
    case database
  }

  /// What may be found.
  @nonexhaustive
  public enum Finding: Hashable, Sendable {
    /// The bytes cannot be read: decay, truncation or an edit.
    case malformed
    /// It does not open with the vault's key in this place: decay, an edit, or moved from elsewhere.
    case notAuthentic
    /// It belongs to another vault.
    case foreign
    /// It should be there and is not.
    case missing
    /// It is there and should not be.
    case unexpected
    /// It is another than the one that the vault wrote last.
    case replaced
    /// There are more or fewer than the vault wrote.
    case count(found: UInt64, expected: UInt64)
    /// Parts that are sound by themselves contradict each other.
    case contradictory
  }
}

extension VaultDamage {
  /// What can have brought a damage about, as far as the evidence goes.
  @nonexhaustive
  public enum Cause: Hashable, Sendable {
    /// Bytes that no vault wrote, where an edit that was meant to pass would have looked otherwise:
    /// decay, truncation, a write that was torn.
    case accident
    /// Parts that are well made and were not made so by the vault: somebody edited them, or moved
    /// them here from elsewhere.
    case intent
    /// Genuine parts of another time, or parts gone: somebody put them back or took them, or the
    /// disk lost a write that it had confirmed. Sealed bytes that do not open may be any of it.
    case either
  }

  /// The probable cause; a warning to a person, never a reason to trust what is damaged.
  public var cause: Cause {
    switch (place, finding) {
    // Pages, columns and the header's own checksum contradict themselves.
    case (_, .malformed): .accident
    // The header's checksum is right and its MAC is not; the tables are others than were made;
    // a part of another vault; sound records that contradict each other.
    case (.header, .notAuthentic), (.schema, _), (_, .foreign), (_, .contradictory),
      (.record, .unexpected):
      .intent
    default: .either
    }
  }
}

extension VaultDamage: CustomStringConvertible {
  /// Place and finding in one line.
  public var description: String { "\(place): \(finding)" }
}

extension VaultDamage {
  /// Place, finding and what can have caused it, in one line.
  package var sentence: String {
    let cause =
      switch cause {
      case .accident: "decay"
      case .intent: "an edit"
      case .either: "decay, a lost write or an edit"
      }
    return "\(self) (by \(cause))"
  }
}
