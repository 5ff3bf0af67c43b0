public import ProveKeySealing

extension KeyVault {
  /// Locks the vault with another unlock method, or with the same one anew.
  ///
  /// 32 bytes are wrapped again and no record is touched, so it costs the same at any size: the
  /// stretching of a passphrase, during which other calls go on, and one transaction. The old
  /// method then opens this file no longer. A copy of the file that was made before still opens
  /// with it, and yields the root key, which stays the same: whoever may have both the copy and the
  /// old secret is kept out only by ``destroy()`` and a new vault.
  /// - Parameter unlock: what the vault is locked with from now on.
  /// - Returns: whether the log could be emptied; when another process was reading it, it keeps the
  ///   old wrapped key until a later call empties it or the last process closes the vault.
  /// - Throws: ``VaultError`` of the unlock method and of the file; nothing has changed then.
  @discardableResult
  public func rewrap(unlock: UnlockMethod) throws(VaultError) -> Bool {
    let keys = try withRing { ring throws(VaultError) in ring.store.keys }
    let header = try wrapping(.creating) { () throws(SealingError) in
      try keys.rewrap(unlock: unlock)
    }
    return try withRing { ring throws(VaultError) in
      try ring.store.replaceHeader(header)
      return ring.store.truncateLog()
    }
  }
}
