/// Facts about a vault that tell nothing of its content.
public struct VaultInfo: Hashable, Sendable {
  /// The version of the file's format.
  public let format: Int
  /// Who else may use the vault.
  public let mode: VaultMode
  /// How many transactions have written.
  public let generation: UInt64
  /// Rows, all roles together.
  public let records: Int
  /// Keys, pending ones included.
  public let keys: Int
  /// The epoch whose data key seals new records.
  public let epoch: UInt32
  /// The epochs that have a data key: one, and two while a rotation is under way.
  public let epochs: [UInt32]
  /// `rawKey`, `passphrase`, `keyFile` or `provider`; of an entangled one `entangled` in front, as in
  /// `entangled passphrase`.
  public let unlockMethod: String
  /// Bytes of the database, with what its log adds to it.
  public let fileBytes: Int64
}
