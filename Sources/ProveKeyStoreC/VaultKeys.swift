public import CProveKeyStore
import ProveKeyModel
import ProveKeyVault

/// Makes a pending key, or gives the one there is.
@c @implementation
public func pks_vault_place_key(
  _ vault: pks_vault, _ build_config: UInt32, _ origin: UnsafePointer<CChar>!,
  _ device_id: UnsafePointer<CChar>!, _ key: UnsafeMutablePointer<pks_key>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultPlace(key)
    let scope = try unsafe scope(build_config, origin)
    let id = try unsafe optionalIdentifier(device_id, as: DeviceID.self)
    let key = try HandleTable.vault(vault).vault.placeKey(in: scope, as: id)
    place.fill { $0.fill(key) }
  }
}

/// What to send to the server for the scope's pending key.
@c @implementation
public func pks_vault_offer(
  _ vault: pks_vault, _ build_config: UInt32, _ origin: UnsafePointer<CChar>!,
  _ challenge: UnsafePointer<UInt8>!, _ challenge_length: Int,
  _ new_key: UnsafeMutablePointer<pks_new_key>!, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultPlace(new_key)
    let scope = try unsafe scope(build_config, origin)
    let challenge = try unsafe bytes(challenge, count: challenge_length)
    let vault = try HandleTable.vault(vault).vault
    guard let pending = try vault.pendingKey(in: scope) else { throw Refusal.notFound }
    place.put(pks_new_key(try vault.offer(pending, for: challenge)))
  }
}

/// Makes the pending key a placed one.
@c @implementation
public func pks_vault_confirm_key(
  _ vault: pks_vault, _ build_config: UInt32, _ origin: UnsafePointer<CChar>!,
  _ device_id: UnsafePointer<CChar>!, _ key: UnsafeMutablePointer<pks_key>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultPlace.optional(key)
    let scope = try unsafe scope(build_config, origin)
    let id: DeviceID = try unsafe identifier(device_id)
    let key = try HandleTable.vault(vault).vault.confirmKey(id, in: scope)
    place?.fill { $0.fill(key) }
  }
}

/// The key of an id.
@c @implementation
public func pks_vault_key(
  _ vault: pks_vault, _ device_id: UnsafePointer<CChar>!,
  _ key: UnsafeMutablePointer<pks_key>!, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultPlace(key)
    let id: DeviceID = try unsafe identifier(device_id)
    guard let key = try HandleTable.vault(vault).vault.key(id) else { throw Refusal.notFound }
    place.fill { $0.fill(key) }
  }
}

/// The scope's key to use.
@c @implementation
public func pks_vault_current_key(
  _ vault: pks_vault, _ build_config: UInt32, _ origin: UnsafePointer<CChar>!,
  _ key: UnsafeMutablePointer<pks_key>!, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultPlace(key)
    let scope = try unsafe scope(build_config, origin)
    guard let key = try HandleTable.vault(vault).vault.currentKey(in: scope) else {
      throw Refusal.notFound
    }
    place.fill { $0.fill(key) }
  }
}

/// All keys of a scope.
@c @implementation
public func pks_vault_keys(
  _ vault: pks_vault, _ build_config: UInt32, _ origin: UnsafePointer<CChar>!,
  _ keys: UnsafeMutablePointer<pks_key>!, _ capacity: Int, _ count: UnsafeMutablePointer<Int>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let total = try unsafe ValuePlace(count)
    let places = try unsafe ResultArray(keys, capacity: capacity)
    let scope = try unsafe scope(build_config, origin)
    let found = try HandleTable.vault(vault).vault.keys(in: scope)
    total.put(found.count)
    guard found.count <= places.capacity else { throw Refusal.bufferTooSmall }
    places.fill(with: found) { $0.fill($1) }
  }
}

/// Signs a challenge.
@c @implementation
public func pks_vault_sign(
  _ vault: pks_vault, _ device_id: UnsafePointer<CChar>!, _ challenge: UnsafePointer<UInt8>!,
  _ challenge_length: Int, _ assertion: UnsafeMutablePointer<UInt8>!, _ capacity: Int,
  _ length: UnsafeMutablePointer<Int>!, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultBuffer(assertion, capacity: capacity, length: length)
    let id: DeviceID = try unsafe identifier(device_id)
    let challenge = try unsafe bytes(challenge, count: challenge_length)
    let vault = try HandleTable.vault(vault).vault
    // Version 1, id 4 and its bytes, counter 9, vault 41, signature 64: known before a counter is
    // used up.
    try place.require(1 + 4 + id.rawValue.utf8.count + 9 + 41 + 64)
    try place.put(try vault.sign(challenge, with: id).encoded)
  }
}

/// Removes the keys of an id.
@c @implementation
public func pks_vault_remove_key(
  _ vault: pks_vault, _ device_id: UnsafePointer<CChar>!, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let id: DeviceID = try unsafe identifier(device_id)
    guard try HandleTable.vault(vault).vault.removeKey(id) else { throw Refusal.notFound }
  }
}

/// Removes the scope's pending key.
@c @implementation
public func pks_vault_discard_pending_key(
  _ vault: pks_vault, _ build_config: UInt32, _ origin: UnsafePointer<CChar>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let scope = try unsafe scope(build_config, origin)
    let vault = try HandleTable.vault(vault).vault
    guard let pending = try vault.pendingKey(in: scope), try vault.discardPendingKey(pending) else {
      throw Refusal.notFound
    }
  }
}
