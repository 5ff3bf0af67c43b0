public import CProveKeyStore
import ProveKeySealing
import ProveKeyVault

/// Reads out of a damaged vault what is genuine.
@c @implementation
public func pks_vault_salvage(
  _ path: UnsafePointer<CChar>!, _ unlock: UnsafePointer<pks_unlock>!,
  _ target: UnsafePointer<CChar>!, _ next: UnsafePointer<pks_unlock>!,
  _ origins: UnsafePointer<UnsafePointer<CChar>?>!, _ origin_count: Int,
  _ salvage: UnsafeMutablePointer<pks_salvage>!, _ losses: UnsafeMutablePointer<pks_reply>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultPlace(salvage)
    let path = try unsafe text(path)
    let unlock = try unsafe UnlockMethod(unlock)
    let target = try unsafe optionalText(target)
    let next = unsafe next == nil ? nil : try unsafe UnlockMethod(next)
    let origins = try unsafe texts(origins, count: origin_count)
    try ForkWatch.check()
    let report = try KeyVault.salvage(
      at: path, unlock: unlock, into: target, newUnlock: next, origins: origins)
    if let list = unsafe losses {
      unsafe list.pointee = try HandleTable.process.add(
        .reply(lines: report.losses.map(\.sentence)))
    }
    place.fill { $0.fill(report) }
  }
}

extension pks_salvage: ZeroedStruct {
  /// Fills a zeroed struct in.
  fileprivate mutating func fill(_ report: SalvageReport) {
    is_whole = report.isWhole ? 1 : 0
    records = UInt64(report.records)
    keys = UInt64(report.keys)
    storage_items = UInt64(report.storageItems)
    databases = UInt64(report.databases)
    database_rows = UInt64(report.databaseRows)
    loss_count = UInt64(report.lossCount)
  }
}
