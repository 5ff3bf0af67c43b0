import ProveKeyModel
import ProveKeySealing

/// The two phases of enrolment, and removal.
extension KeyRing {
  /// Where a new key comes from.
  enum Source {
    /// The vault makes it.
    case vault
    /// The custodian of this name has made it.
    case custodian(String, CustodianKey)

    var custodian: String? {
      if case .custodian(let name, _) = self { name } else { nil }
    }
  }

  /// The scope's pending key when it is the one to go on with: nil or its own id was asked for, and
  /// it is held by the custodian that was asked for, if one was.
  func waiting(
    in scope: KeyScope, as id: DeviceID?, heldBy custodian: String?, _ reader: RecordReader
  ) throws(VaultError) -> KeyRecord? {
    guard let waiting = try directory(scope, reader).pending, id == nil || id == waiting else {
      return nil
    }
    let record = try existing(.pending, waiting, reader)
    return custodian == nil || record.key.custodian == custodian ? record : nil
  }

  /// Phase one: makes a pending key, or finds the one that is there.
  func place(
    in scope: KeyScope, as id: DeviceID?, at now: UTCInstant, _ source: Source = .vault
  ) throws(VaultError) -> Commit<ProveKey> {
    try committing { writer throws(VaultError) in
      let reader = writer.reader
      var directory = try directory(scope, reader)
      if let waiting = try waiting(in: scope, as: id, heldBy: source.custodian, reader) {
        return waiting.key
      }
      if let other = directory.pending {
        try delete(try existing(.pending, other, reader), writer)
      }
      let id = id ?? randomID()
      try refuse(id, outside: scope, reader)
      guard reader.count(in: reader.keys.factsNamespace(scope)) < VaultLimits.keysPerScope else {
        throw .tooManyKeys
      }
      let key = ProveKey(
        deviceID: id, publicKey: try makeKey(in: scope, source, writer), scope: scope,
        state: .pending, createdAt: now, confirmedAt: nil, custodian: source.custodian,
        sequence: writer.generation)
      try put(KeyRecord(key: key), writer)
      writer.changeKeyCount(by: 1)
      directory.pending = id
      try put(directory, of: scope, writer)
      return key
    }
  }

  /// Phase two: the pending key becomes a placed one and the scope's current.
  func confirm(
    _ id: DeviceID, in scope: KeyScope, at now: UTCInstant
  ) throws(VaultError) -> Commit<ProveKey> {
    try committing { writer throws(VaultError) in
      var directory = try directory(scope, writer.reader)
      let before = try record(.placed, id, writer.reader)
      guard directory.pending == id else {
        guard let before, before.key.scope == scope else { throw .unknownKey }
        return before.key
      }
      let waiting = try existing(.pending, id, writer.reader)
      if let before {
        guard before.key.scope == scope else {
          throw .damaged(VaultDamage(.keys, .contradictory))
        }
        try delete(before, writer)
      }
      try delete(waiting, keepingSecret: true, writer)
      let key = ProveKey(
        deviceID: id, publicKey: waiting.key.publicKey, scope: scope, state: .placed,
        createdAt: waiting.key.createdAt, confirmedAt: now, custodian: waiting.key.custodian,
        sequence: writer.generation, isSalvaged: waiting.isSalvaged)
      try put(KeyRecord(key: key), writer)
      directory.pending = nil
      directory.current = id
      try put(directory, of: scope, writer)
      return key
    }
  }

  /// Removes the placed and the pending key of an id; false when there was neither.
  func remove(_ id: DeviceID) throws(VaultError) -> Commit<Bool> {
    try committing { writer throws(VaultError) in
      let reader = writer.reader
      let placed = try record(.placed, id, reader)
      let pending = try record(.pending, id, reader)
      guard let scope = (placed ?? pending)?.key.scope else { return false }
      var directory = try directory(scope, reader)
      if let placed { try delete(placed, writer) }
      if let pending { try delete(pending, writer) }
      if directory.pending == id { directory.pending = nil }
      if directory.current == id {
        let left = try records(in: scope, reader)
        directory.current = left.first { $0.key.state == .placed }?.key.deviceID
      }
      try put(directory, of: scope, writer)
      return true
    }
  }

  /// Removes a pending key; false when the scope's pending key is another, or none.
  func discardPending(_ key: ProveKey) throws(VaultError) -> Commit<Bool> {
    try committing { writer throws(VaultError) in
      var directory = try directory(key.scope, writer.reader)
      guard directory.pending == key.deviceID else { return false }
      let waiting = try existing(.pending, key.deviceID, writer.reader)
      guard waiting.key.publicKey == key.publicKey else { return false }
      try delete(waiting, writer)
      directory.pending = nil
      try put(directory, of: key.scope, writer)
      return true
    }
  }

  /// The record that a directory says there is.
  func existing(
    _ state: ProveKey.State, _ id: DeviceID, _ reader: RecordReader
  ) throws(VaultError) -> KeyRecord {
    guard let record = try record(state, id, reader) else {
      throw .damaged(VaultDamage(.keys, .contradictory))
    }
    return record
  }

  /// Refuses an id that names a key of another scope (V8).
  private func refuse(
    _ id: DeviceID, outside scope: KeyScope, _ reader: RecordReader
  ) throws(VaultError) {
    let placed = try record(.placed, id, reader)
    let pending = try record(.pending, id, reader)
    guard placed == nil || placed?.key.scope == scope, pending == nil else {
      throw .deviceIDTaken
    }
  }

  private func randomID() -> DeviceID {
    var generator = SecureRandomNumberGenerator()
    return DeviceID.random(using: &generator)
  }

  /// Makes a seed in guarded memory, seals it, and gives the public half (V11); or keeps the handle of
  /// a key that a custodian has made.
  private func makeKey(
    in scope: KeyScope, _ source: Source, _ writer: RecordWriter
  ) throws(VaultError) -> PublicKey {
    if case .custodian(let name, let made) = source {
      return try keep(made, of: name, in: scope, writer)
    }
    let (content, bytes) = try wrapping(.using(.keys)) { () throws(SealingError) in
      try SeedRecord.make()
    }
    let publicKey: PublicKey
    do throws(ModelError) {
      publicKey = try PublicKey(algorithm: .ed25519, bytes: bytes)
    } catch {
      throw .damaged(VaultDamage(.keys, .malformed))  // Ed25519 keys have the 32 bytes it wants
    }
    let keys = writer.reader.keys
    try writer.putSecret(
      content.bytes, at: keys.seedLocator(publicKey), in: keys.partsNamespace(scope))
    return publicKey
  }
}
