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

extension VaultDamage: CustomStringConvertible {
  /// Place and finding in one line.
  public var description: String { "\(place): \(finding)" }
}
