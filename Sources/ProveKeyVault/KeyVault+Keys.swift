public import ProveKeyModel
import ProveKeyPlatform

extension KeyVault {
  /// Phase one of enrolment: makes an Ed25519 key that is durable here and pending.
  ///
  /// A scope has at most one pending key. When there is one and `deviceID` is nil or its id, that
  /// key is returned again: so calling this anew after a crash goes on where it was. Another id
  /// replaces the pending key, whose secret is deleted.
  /// - Parameters:
  ///   - scope: where the key belongs.
  ///   - deviceID: nil for a random UUID; the id of a registration when that is recovered or gets a
  ///     new key. A placed key of the same id stays usable until the new one is confirmed.
  /// - Throws: ``VaultError/deviceIDTaken``, ``VaultError/tooManyKeys`` beyond 1,000 in the scope.
  public func placeKey(
    in scope: KeyScope, as deviceID: DeviceID? = nil
  ) throws(VaultError) -> ProveKey {
    let now = clock.now
    let (placed, released) = try changingKeys { ring throws(VaultError) in
      try ring.place(in: scope, as: deviceID, at: now)
    }
    letGoQuietly(released)
    return try placed.get()
  }

  /// Phase two of enrolment: the server has answered, and the pending key becomes a placed one.
  ///
  /// It is then the scope's current key. A placed key of the same id is replaced and its secret
  /// deleted. Confirming a placed key again changes nothing.
  /// - Throws: ``VaultError/unknownKey`` when the scope has no key of this id.
  @discardableResult
  public func confirmKey(
    _ deviceID: DeviceID, in scope: KeyScope
  ) throws(VaultError) -> ProveKey {
    let now = clock.now
    let (confirmed, released) = try changingKeys { ring throws(VaultError) in
      try ring.confirm(deviceID, in: scope, at: now)
    }
    letGoQuietly(released)
    return try confirmed.get()
  }

  /// What to send to the server for a key: id, public half, and proof over the server's challenge.
  ///
  /// - Parameters:
  ///   - pending: the key that ``placeKey(in:as:)`` returned; one confirmed since is as good.
  ///   - challenge: 16 to 255 bytes.
  /// - Throws: ``VaultError/unknownKey``, ``VaultError/challengeOutOfBounds``.
  public func offer(
    _ pending: ProveKey, for challenge: [UInt8]
  ) throws(VaultError) -> NewKey {
    let proof = try sign(challenge, with: pending)
    do throws(ModelError) {
      return try NewKey(deviceID: pending.deviceID, publicKey: pending.publicKey, proof: proof)
    } catch {
      throw .damaged(VaultDamage(.keys, .contradictory))
    }
  }

  /// The key of an id: the placed one, else the pending one, else nil.
  public func key(_ deviceID: DeviceID) throws(VaultError) -> ProveKey? {
    try withRing { ring throws(VaultError) in try ring.key(deviceID) }
  }

  /// As ``key(_:)``, passing over what is kept in memory: for measuring what a look-up costs that
  /// goes to the file, whatever the number of keys.
  @_spi(Measuring)
  public func keyFromFile(_ deviceID: DeviceID) throws(VaultError) -> ProveKey? {
    try withRing { ring throws(VaultError) in
      try ring.reading { reader throws(VaultError) in
        if let placed = try ring.readRecord(.placed, deviceID, reader) { return placed.key }
        return try ring.readRecord(.pending, deviceID, reader)?.key
      }
    }
  }

  /// The scope's key to use: the placed one confirmed last, else the pending one, else nil.
  ///
  /// "Last" counts confirmations, not clock readings.
  public func currentKey(in scope: KeyScope) throws(VaultError) -> ProveKey? {
    try withRing { ring throws(VaultError) in
      try ring.reading { reader throws(VaultError) in
        let directory = try ring.directory(scope, reader)
        if let id = directory.current { return try ring.existing(.placed, id, reader).key }
        if let id = directory.pending { return try ring.existing(.pending, id, reader).key }
        return nil
      }
    }
  }

  /// The scope's key that awaits the server's answer.
  public func pendingKey(in scope: KeyScope) throws(VaultError) -> ProveKey? {
    try withRing { ring throws(VaultError) in
      try ring.reading { reader throws(VaultError) in
        guard let id = try ring.directory(scope, reader).pending else { return nil }
        return try ring.existing(.pending, id, reader).key
      }
    }
  }

  /// All keys of a scope, placed and pending, those placed or confirmed last first.
  ///
  /// - Returns: at most 1,000.
  public func keys(in scope: KeyScope) throws(VaultError) -> [ProveKey] {
    try withRing { ring throws(VaultError) in
      try ring.reading { reader throws(VaultError) in
        try ring.records(in: scope, reader).map(\.key)
      }
    }
  }

  /// Removes a pending key that the server does not have, with its secret and counter.
  ///
  /// A placed key of the same id stays.
  /// - Returns: false when this very key is pending no longer.
  /// - Throws: of a key that a custodian holds also ``VaultError/custodian(_:_:)`` and
  ///   ``VaultError/custodianMissing(_:)``: the vault has removed it then, the custodian has not.
  @discardableResult
  public func discardPendingKey(_ key: ProveKey) throws(VaultError) -> Bool {
    let (removed, released) = try changingKeys { ring throws(VaultError) in
      try ring.discardPending(key)
    }
    return try letGo(released, after: removed)
  }

  /// Removes the placed and the pending key of an id, with their secrets and counters.
  ///
  /// - Returns: false when there was neither.
  /// - Throws: as ``discardPendingKey(_:)`` of a key that a custodian holds.
  @discardableResult
  public func removeKey(_ deviceID: DeviceID) throws(VaultError) -> Bool {
    let (removed, released) = try changingKeys { ring throws(VaultError) in
      try ring.remove(deviceID)
    }
    return try letGo(released, after: removed)
  }

  /// Runs a change of the keys and empties the log of what it deleted; which keys custodians are to
  /// delete for it is told with the result, since they are asked outside the lock (V15).
  ///
  /// All of that also when the anchor could not follow: the change is durable.
  func changingKeys<R>(
    _ body: (KeyRing) throws(VaultError) -> Commit<R>
  ) throws(VaultError) -> (Commit<R>, released: [CustodianRecord]) {
    try withRing { ring throws(VaultError) in
      let commit = try body(ring)
      let aftermath = ring.takeAftermath()
      if aftermath.hasDeletedSecrets { ring.store.truncateLog() }
      return (commit, aftermath.released)
    }
  }
}
