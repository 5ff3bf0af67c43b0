import ProveKeyModel
import ProveKeySealing

/// A key that is ready to sign, and the counter values that are reserved for it.
struct Signer {
  let hold: KeyHold
  /// Values that are durable as given out, so that each can be given once (V10).
  var reserved: Range<UInt64>
}

/// What one signature needs; the signing itself is done outside the lock.
struct SigningTicket: Sendable {
  let deviceID: DeviceID
  let publicKey: PublicKey
  let hold: KeyHold
  let counter: UInt64
  let state: KeyAssertion.VaultState
}

extension KeyRing {
  /// Finds a key by id and takes its next counter value.
  func ticket(for id: DeviceID) throws(VaultError) -> SigningTicket {
    try ticket { reader throws(VaultError) in try record(id, reader) }
  }

  /// Finds exactly this key, whatever became of it since, and takes its next counter value.
  func ticket(for key: ProveKey) throws(VaultError) -> SigningTicket {
    try ticket { reader throws(VaultError) in
      for state in [ProveKey.State.placed, .pending] {
        let found = try record(state, key.deviceID, reader)
        if let found, found.key.publicKey == key.publicKey, found.key.scope == key.scope {
          return found
        }
      }
      return nil
    }
  }

  private func ticket(
    _ find: (RecordReader) throws(VaultError) -> KeyRecord?
  ) throws(VaultError) -> SigningTicket {
    if store.mode == .exclusive {
      let ready = try reading { reader throws(VaultError) -> SigningTicket? in
        guard let record = try find(reader) else { throw .unknownKey }
        return try takeReserved(record)
      }
      if let ready { return ready }
    }
    let (record, signer) = try writing { writer throws(VaultError) in
      guard let record = try find(writer.reader) else { throw .unknownKey }
      return (record, try reserve(for: record.key, writer))
    }
    // Only now are the values durable.
    signers.insert(signer, for: record.key.publicKey)
    guard let ticket = try takeReserved(record) else {
      throw .damaged(VaultDamage(.keys, .contradictory))
    }
    return ticket
  }

  /// Takes a value that is reserved already; nothing when all are used.
  private func takeReserved(_ record: KeyRecord) throws(VaultError) -> SigningTicket? {
    let key = record.key
    guard var signer = signers.value(for: key.publicKey), let counter = signer.reserved.first
    else { return nil }
    let state = try assertionState(of: record)
    signer.reserved.removeFirst()
    signers.insert(signer, for: key.publicKey)
    return SigningTicket(
      deviceID: key.deviceID, publicKey: key.publicKey, hold: signer.hold, counter: counter,
      state: state)
  }

  /// Moves the durable counter past the values that may be given out next (V10).
  private func reserve(
    for key: ProveKey, _ writer: RecordWriter
  ) throws(VaultError) -> Signer {
    let keys = writer.reader.keys
    let locator = keys.counterLocator(key.publicKey)
    let found = try writer.reader.content(at: locator)
    let last = try found.map { found throws(VaultError) in try CounterRecord.decode(found.bytes) }
    let used = last?.reserved ?? 0
    let count = store.mode == .exclusive ? VaultLimits.counterBlock : 1
    let (reserved, overflow) = used.addingReportingOverflow(count)
    guard !overflow, reserved < UInt64.max else {
      throw .damaged(VaultDamage(.keys, .malformed))
    }
    let hold = try hold(of: key, writer.reader)
    try writer.put(
      CounterRecord(reserved: reserved).encoded, at: locator,
      in: keys.partsNamespace(key.scope))
    return Signer(hold: hold, reserved: (used + 1)..<(reserved + 1))
  }

  /// The signing key or its custodian's handle, from memory or from its record.
  private func hold(
    of key: ProveKey, _ reader: RecordReader
  ) throws(VaultError) -> KeyHold {
    if let kept = signers.value(for: key.publicKey)?.hold { return kept }
    if key.custodian != nil {
      let record = try custodianRecord(of: key, reader)
      return .custodian(name: record.name, handle: record.handle)
    }
    do throws(VaultError) {
      return .vault(try loadSecret(of: key, reader))
    } catch .memoryExhausted {
      // Signing keys that are kept for speed give way to the one that is needed.
      signers.removeAll()
      return .vault(try loadSecret(of: key, reader))
    }
  }

  private func loadSecret(
    of key: ProveKey, _ reader: RecordReader
  ) throws(VaultError) -> SecretBox {
    let contradiction = VaultError.damaged(VaultDamage(.keys, .contradictory))
    guard let content = try reader.secret(at: reader.keys.seedLocator(key.publicKey)) else {
      throw contradiction
    }
    let secret = try wrapping(.using(.keys)) { () throws(SealingError) in
      try SeedRecord.signingKey(of: content.bytes)
    }
    // Its second half is the public key, computed from the seed.
    let isOfKey = secret?.bytes.withBytes { bytes in
      let half = Ed25519.seedCount
      return key.publicKey.withBytes { key in key.indices.allSatisfy { bytes[half + $0] == key[$0] }
      }
    }
    guard let secret, isOfKey == true else { throw contradiction }
    return secret
  }

  /// What an assertion of this key says of the vault.
  private func assertionState(
    of record: KeyRecord
  ) throws(VaultError) -> KeyAssertion.VaultState {
    let state = try currentAssertionState()
    guard record.isSalvaged else { return state }
    do throws(ModelError) {
      // However much the vault writes from now on, it is never beyond what a server has seen.
      return try KeyAssertion.VaultState(generation: 0, digest: state.digest)
    } catch {
      throw .damaged(VaultDamage(.state, .malformed))  // the digest is that of a state
    }
  }

  /// Generation and digest of the vault, computed once per generation.
  private func currentAssertionState() throws(VaultError) -> KeyAssertion.VaultState {
    guard let state = store.trusted?.state else {
      throw .damaged(VaultDamage(.state, .missing))
    }
    if let kept = assertionState, kept.generation == state.generation { return kept.state }
    let digest = store.keys.stateDigest(
      generation: state.generation, count: state.count, sum: state.sum)
    do throws(ModelError) {
      let made = try KeyAssertion.VaultState(generation: state.generation, digest: digest)
      assertionState = (state.generation, made)
      return made
    } catch {
      throw .damaged(VaultDamage(.state, .malformed))
    }
  }
}
