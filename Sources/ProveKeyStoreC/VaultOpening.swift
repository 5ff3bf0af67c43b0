public import CProveKeyStore
import ProveKeySealing
import ProveKeyVault

/// Opens a vault.
@c @implementation
public func pks_vault_open(
  _ path: UnsafePointer<CChar>!, _ unlock: UnsafePointer<pks_unlock>!,
  _ options: UnsafePointer<pks_vault_options>!, _ vault: UnsafeMutablePointer<pks_vault>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ValuePlace(vault)
    let path = try unsafe text(path)
    let unlock = try unsafe UnlockMethod(unlock)
    let opening = try unsafe VaultOpening(options)
    try ForkWatch.check()
    let opened = OpenVault(try opening.open(at: path, unlock))
    place.put(try HandleTable.process.add(closing: opened))
  }
}

/// Gives up a vault whose key is lost.
@c @implementation
public func pks_vault_reset(
  _ path: UnsafePointer<CChar>!, _ unlock: UnsafePointer<pks_unlock>!,
  _ next: UnsafePointer<pks_unlock>!, _ options: UnsafePointer<pks_vault_options>!,
  _ vault: UnsafeMutablePointer<pks_vault>!, _ overwritten_bytes: UnsafeMutablePointer<UInt64>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ValuePlace(vault)
    let path = try unsafe text(path)
    let lost = try unsafe UnlockMethod(unlock)
    let next = unsafe next == nil ? nil : try unsafe UnlockMethod(next)
    let opening = try unsafe VaultOpening(options)
    try ForkWatch.check()
    let (made, receipt) = try opening.reset(at: path, lost, lockingWith: next)
    place.put(try HandleTable.process.add(closing: OpenVault(made)))
    if let count = unsafe overwritten_bytes {
      unsafe count.pointee = UInt64(receipt.overwrittenBytes)
    }
  }
}

extension HandleTable {
  /// Gives out a handle of a vault; one that cannot be given out is closed.
  fileprivate func add(closing vault: OpenVault) throws(Refusal) -> UInt64 {
    do throws(Refusal) { return try add(.vault(vault)) } catch {
      // The failure that led here is the one to tell.
      try? vault.close()
      throw error
    }
  }
}

/// How a vault is opened, as a caller's options say.
private struct VaultOpening {
  private let access: pks_access
  private let mode: VaultMode
  private let anchor: FileRollbackAnchor?

  init(_ pointer: UnsafePointer<pks_vault_options>?) throws {
    guard let pointer = unsafe pointer else {
      (access, mode, anchor) = (PKS_OPEN_OR_CREATE, .exclusive, nil)
      return
    }
    let given = try unsafe argument(pointer)
    access = pks_access(unsafe given.access)
    switch pks_mode(unsafe given.mode) {
    case PKS_EXCLUSIVE: mode = .exclusive
    case PKS_SHARED: mode = .shared
    default: throw Refusal.badValue("mode")
    }
    anchor = try unsafe optionalText(given.anchor_path).map { FileRollbackAnchor(path: $0) }
  }

  func reset(
    at path: String, _ lost: UnlockMethod, lockingWith next: UnlockMethod?
  ) throws(VaultError) -> (vault: KeyVault, receipt: ResetReceipt) {
    try KeyVault.reset(at: path, unlock: lost, lockingWith: next, mode: mode, anchor: anchor)
  }

  func open(at path: String, _ unlock: UnlockMethod) throws -> KeyVault {
    switch access {
    case PKS_OPEN_OR_CREATE:
      try KeyVault.open(at: path, unlock: unlock, mode: mode, anchor: anchor)
    case PKS_CREATE:
      try KeyVault.create(at: path, unlock: unlock, mode: mode, anchor: anchor)
    case PKS_OPEN_EXISTING:
      try KeyVault.openExisting(at: path, unlock: unlock, mode: mode, anchor: anchor)
    default: throw Refusal.badValue("access")
    }
  }
}

/// Facts about a vault.
@c @implementation
public func pks_vault_info(
  _ vault: pks_vault, _ facts: UnsafeMutablePointer<pks_vault_facts>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultPlace(facts)
    let info = try HandleTable.vault(vault).vault.info()
    var facts = pks_vault_facts()
    facts.format = UInt32(info.format)
    facts.mode = (info.mode == .exclusive ? PKS_EXCLUSIVE : PKS_SHARED).rawValue
    let words = info.unlockMethod.split(separator: " ")
    facts.is_entangled = words.first == "entangled" ? 1 : 0
    facts.unlock_method = words.last.flatMap { methods[String($0)] }?.rawValue ?? 0
    facts.epoch = info.epoch
    facts.epoch_count = UInt32(info.epochs.count)
    facts.generation = info.generation
    facts.records = UInt64(info.records)
    facts.keys = UInt64(info.keys)
    facts.file_bytes = info.fileBytes
    place.put(facts)
  }
}

/// The methods by the names that `VaultInfo` has for them.
private let methods = [
  "rawKey": PKS_METHOD_RAW_KEY, "passphrase": PKS_METHOD_PASSPHRASE,
  "keyFile": PKS_METHOD_KEY_FILE, "provider": PKS_METHOD_PROVIDER,
]
