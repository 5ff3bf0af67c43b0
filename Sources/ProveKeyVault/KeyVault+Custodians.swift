public import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing

extension KeyVault {
  /// Makes a custodian known to this open vault, in the place of any other of its name.
  ///
  /// - Throws: ``VaultError/custodianName`` when its name is not 1 to 64 printable ASCII characters.
  public func use(custodian: any KeyCustodian) throws(VaultError) {
    let name = custodian.name
    guard CustodianRecord.accepts(name: name) else { throw .custodianName }
    custodians.withLock { $0[name] = custodian }
  }

  /// Phase one of enrolment with a key that a custodian makes and holds; the custodian is known to
  /// the vault from then on.
  ///
  /// As ``placeKey(in:as:)``, but a pending key that somebody else holds is replaced. A crash after
  /// the custodian has made the key and before the vault has kept it leaves a key with the custodian
  /// that nobody knows: see ``custodianHandles(of:)``. It makes no more than one such key a call.
  /// - Throws: as ``placeKey(in:as:)``, and ``VaultError/custodianName``,
  ///   ``VaultError/custodian(_:_:)``; nothing has changed then. With ``VaultError/anchor(_:)`` the key
  ///   is there, and the next call returns it.
  public func placeKey(
    in scope: KeyScope, as deviceID: DeviceID? = nil, custodian: any KeyCustodian
  ) throws(VaultError) -> ProveKey {
    try use(custodian: custodian)
    let name = custodian.name
    let waiting = try withRing { ring throws(VaultError) in
      try ring.reading { reader throws(VaultError) in
        try ring.waiting(in: scope, as: deviceID, heldBy: name, reader)?.key
      }
    }
    if let waiting { return waiting }
    let made = try Self.asking(name) { try custodian.makeKey() }
    guard (1...CustodianRecord.handleLimit).contains(made.handle.count) else {
      throw .custodian(name, .unusableKey)
    }
    let now = clock.now
    let placed: Commit<ProveKey>
    let released: [CustodianRecord]
    do throws(VaultError) {
      (placed, released) = try changingKeys { ring throws(VaultError) in
        try ring.place(in: scope, as: deviceID, at: now, .custodian(name, made))
      }
    } catch {
      // The one that is known already belongs to another key; what else was made is of no use.
      if error != .custodian(name, .unusableKey) { try? custodian.delete(made.handle) }
      throw error
    }
    letGoQuietly(released)
    // Another thread was quicker: its key is as good.
    if placed.result.publicKey != made.publicKey { try? custodian.delete(made.handle) }
    return try placed.get()
  }

  /// The handles of all keys that this vault has from the custodian of this name, in no order.
  ///
  /// What the custodian holds beyond them (and beyond those of other vaults that use it) was made or
  /// removed when a crash came between the two, and can be deleted there. Ask while nobody places a
  /// key, and before ``destroy()`` when the keys shall go with the vault.
  /// - Complexity: linear in the records.
  public func custodianHandles(of name: String) throws(VaultError) -> [[UInt8]] {
    try withRing { ring throws(VaultError) in
      try ring.reading { reader throws(VaultError) in try ring.handles(of: name, reader) }
    }
  }

  /// Signs by whoever holds the key; outside the vault's lock.
  func signature(over message: [UInt8], _ ticket: SigningTicket) throws(VaultError) -> [UInt8] {
    switch ticket.hold {
    case .vault(let secret): return Ed25519.sign(message.span, with: secret.bytes)
    case .custodian(let name, let handle):
      let custodian = try custodian(name)
      let signature = try Self.asking(name) { try custodian.sign(message, with: handle) }
      let key = ticket.publicKey
      guard signature.count == key.algorithm.signatureByteCount else {
        throw .custodian(name, .wrongSignature)
      }
      // The vault has no P-256: an ES256 signature is first checked by the server.
      guard
        key.algorithm != .ed25519
          || Ed25519.verify(signature.span, of: message.span, publicKey: key.bytes.span)
      else { throw .custodian(name, .wrongSignature) }
      return signature
    }
  }

  /// Tells custodians to delete the keys whose records are gone; an anchor that could not follow is
  /// told before a custodian that failed.
  func letGo<R>(_ released: [CustodianRecord], after commit: Commit<R>) throws(VaultError) -> R {
    do throws(VaultError) {
      try letGo(released)
    } catch {
      _ = try commit.get()
      throw error
    }
    return try commit.get()
  }

  /// Tells custodians to delete the keys whose records are gone, all of them, then throws the first
  /// failure.
  func letGo(_ released: [CustodianRecord]) throws(VaultError) {
    var failure: VaultError?
    for record in released {
      do throws(VaultError) {
        let custodian = try custodian(record.name)
        try Self.asking(record.name) { try custodian.delete(record.handle) }
      } catch {
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
  }

  /// As ``letGo(_:)`` where a key was replaced and the call has succeeded: what stays with the
  /// custodian is found by its handles.
  func letGoQuietly(_ released: [CustodianRecord]) {
    try? letGo(released)
  }

  private func custodian(_ name: String) throws(VaultError) -> any KeyCustodian {
    guard let custodian = custodians.withLock({ $0[name] }) else { throw .custodianMissing(name) }
    return custodian
  }

  private static func asking<R>(_ name: String, _ body: () throws -> R) throws(VaultError) -> R {
    do {
      return try body()
    } catch {
      throw .custodian(name, .failed(error as? CustodianError ?? .failed(code: 0)))
    }
  }
}
