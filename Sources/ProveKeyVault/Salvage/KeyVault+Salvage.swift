import ProveKeyPlatform
public import ProveKeySealing
import SQLiteDatabase

/// What was read out of a damaged vault.
public struct SalvageReport: Hashable, Sendable {
  /// Whether everything that the vault vouched for is there, so that nothing was lost or put back.
  ///
  /// When not, each thing that was saved is genuine, but it may be an older one of its kind, and a
  /// removed key may be among the keys: the server decides what it still accepts.
  public let isWhole: Bool
  /// Rows that opened.
  public let records: Int
  /// Keys that can sign, pending ones included.
  public let keys: Int
  /// Items of localStorage whose origin is known.
  public let storageItems: Int
  /// Databases whose description was saved.
  public let databases: Int
  /// Rows of these.
  public let databaseRows: Int
  /// What was lost: place and finding, no names; at most 100 of them.
  public let losses: [VaultDamage]
  /// How many losses there are.
  public let lossCount: Int
}

extension KeyVault {
  /// Reads out of a damaged vault what is genuine, and writes it to a new vault when asked to.
  ///
  /// The damaged file is read, never written: the work is done on a copy of it beside it
  /// (`.salvage-` and a random number), removed afterwards; a crash leaves it, sealed as it was. A
  /// record is saved when it opens in the place where it stands; what does not open is listed, and
  /// nothing is guessed. Nobody may have the vault open meanwhile.
  ///
  /// The new vault has keys of its own. When the report says ``SalvageReport/isWhole``, it goes on
  /// with the old one's generation. Otherwise what the saved keys sign shows the generation 0, so that
  /// a server which has seen them asks for possession (or refuses them, as its policy says) until they
  /// are replaced; and every signature counter goes on above any value that can have been given out.
  /// - Parameters:
  ///   - path: the damaged vault.
  ///   - unlock: what it is locked with.
  ///   - target: where the new vault shall be; nothing may stand there. Nil only reports.
  ///   - newUnlock: what the new vault shall be locked with; nil for `unlock`.
  ///   - origins: origins whose localStorage is to be looked for although the vault has lost the
  ///     record that names them.
  /// - Throws: ``VaultError/inUse`` while anybody has the vault open, in this process or another;
  ///   ``VaultError`` when not even the header opens, or the new vault cannot be written; no new vault
  ///   is left then.
  @discardableResult
  public static func salvage(
    at path: String, unlock: UnlockMethod, into target: String? = nil,
    newUnlock: UnlockMethod? = nil, origins: [String] = []
  ) throws(VaultError) -> SalvageReport {
    guard path.utf8.count <= VaultLimits.pathByteCount - 40 else { throw .invalidPath }
    let source = try SalvageSource(copying: path, unlock)
    do throws(VaultError) {
      let harvest = try SalvageHarvest(source, origins: origins)
      if let target {
        try SalvageWriter.write(harvest, of: source, to: target, newUnlock ?? unlock)
      }
      try source.discard()
      return SalvageReport(
        isWhole: harvest.isWhole, records: harvest.records, keys: harvest.keys.count,
        storageItems: harvest.storage.values.reduce(0) { $0 + $1.items },
        databases: harvest.databases.count, databaseRows: harvest.databaseRows,
        losses: source.losses.listed, lossCount: source.losses.count)
    } catch {
      // The failure that led here is the one to tell; the copy holds nothing that was not there.
      try? source.discard()
      throw error
    }
  }
}
