public import CProveKeyStore
import ProveKeyVault

/// Opens the storage of an origin.
@c @implementation
public func pks_storage_open(
  _ vault: pks_vault, _ origin: UnsafePointer<CChar>!, _ quota: Int64,
  _ storage: UnsafeMutablePointer<pks_storage>!, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ValuePlace(storage)
    let origin = try unsafe text(origin)
    let vault = try HandleTable.vault(vault).vault
    let storage =
      quota == Int64(PKS_DEFAULT_QUOTA)
      ? try vault.localStorage(for: origin)
      : try vault.localStorage(for: origin, quotaCodeUnits: Int(quota))
    place.put(try HandleTable.process.add(.storage(storage)))
  }
}

/// How many items there are.
@c @implementation
public func pks_storage_count(
  _ storage: pks_storage, _ count: UnsafeMutablePointer<Int>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ValuePlace(count)
    place.put(try HandleTable.storage(storage).count)
  }
}

/// Removes all items.
@c @implementation
public func pks_storage_clear(
  _ storage: pks_storage, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) { try HandleTable.storage(storage).clear() }
}

// MARK: - In UTF-16 code units

/// The value of a key.
@c @implementation
public func pks_storage_get16(
  _ storage: pks_storage, _ key: UnsafePointer<UInt16>!, _ key_length: Int,
  _ value: UnsafeMutablePointer<UInt16>!, _ capacity: Int, _ length: UnsafeMutablePointer<Int>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultBuffer(value, capacity: capacity, length: length)
    let key = try unsafe units(key, key_length)
    guard let value = try HandleTable.storage(storage).getItem(key) else {
      throw Refusal.notFound
    }
    try place.put(value)
  }
}

/// Writes an item.
@c @implementation
public func pks_storage_set16(
  _ storage: pks_storage, _ key: UnsafePointer<UInt16>!, _ key_length: Int,
  _ value: UnsafePointer<UInt16>!, _ value_length: Int, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let (key, value) = (try unsafe units(key, key_length), try unsafe units(value, value_length))
    try HandleTable.storage(storage).setItem(key, value)
  }
}

/// Removes an item.
@c @implementation
public func pks_storage_remove16(
  _ storage: pks_storage, _ key: UnsafePointer<UInt16>!, _ key_length: Int,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let key = try unsafe units(key, key_length)
    try HandleTable.storage(storage).removeItem(key)
  }
}

/// The key at a place.
@c @implementation
public func pks_storage_key16(
  _ storage: pks_storage, _ index: Int, _ key: UnsafeMutablePointer<UInt16>!, _ capacity: Int,
  _ length: UnsafeMutablePointer<Int>!, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultBuffer(key, capacity: capacity, length: length)
    guard let key = try HandleTable.storage(storage).keyCodeUnits(at: index) else {
      throw Refusal.notFound
    }
    try place.put(key)
  }
}

// MARK: - In UTF-8

/// The value of a key.
@c @implementation
public func pks_storage_get(
  _ storage: pks_storage, _ key: UnsafePointer<CChar>!, _ key_length: Int,
  _ value: UnsafeMutablePointer<CChar>!, _ capacity: Int, _ length: UnsafeMutablePointer<Int>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultBuffer(value, capacity: capacity, length: length)
    let key = try unsafe item(key, key_length)
    guard let value = try HandleTable.storage(storage).getItem(key) else {
      throw Refusal.notFound
    }
    try place.put(value.utf8.map { CChar(bitPattern: $0) })
  }
}

/// Writes an item.
@c @implementation
public func pks_storage_set(
  _ storage: pks_storage, _ key: UnsafePointer<CChar>!, _ key_length: Int,
  _ value: UnsafePointer<CChar>!, _ value_length: Int, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let (key, value) = (try unsafe item(key, key_length), try unsafe item(value, value_length))
    try HandleTable.storage(storage).setItem(key, value)
  }
}

/// Removes an item.
@c @implementation
public func pks_storage_remove(
  _ storage: pks_storage, _ key: UnsafePointer<CChar>!, _ key_length: Int,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let key = try unsafe item(key, key_length)
    try HandleTable.storage(storage).removeItem(key)
  }
}

/// The key at a place.
@c @implementation
public func pks_storage_key(
  _ storage: pks_storage, _ index: Int, _ key: UnsafeMutablePointer<CChar>!, _ capacity: Int,
  _ length: UnsafeMutablePointer<Int>!, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultBuffer(key, capacity: capacity, length: length)
    guard let key = try HandleTable.storage(storage).key(at: index) else { throw Refusal.notFound }
    try place.put(key.utf8.map { CChar(bitPattern: $0) })
  }
}

private func units(_ pointer: UnsafePointer<UInt16>?, _ count: Int) throws(Refusal) -> [UInt16] {
  unsafe Array(try buffer(pointer, count: count, limit: CallLimits.storageCount))
}

private func item(_ pointer: UnsafePointer<CChar>?, _ count: Int) throws(Refusal) -> String {
  try unsafe text(pointer, count: count, limit: CallLimits.storageCount)
}
