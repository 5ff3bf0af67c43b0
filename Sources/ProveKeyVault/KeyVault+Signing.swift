public import ProveKeyModel

extension KeyVault {
  /// Signs a server's challenge with the key of an id: the placed one, else the pending one.
  ///
  /// The assertion carries the key's counter, which is never the same twice, and the vault's
  /// generation and digest. About one call in 256 writes; in shared mode every call does.
  /// - Parameter challenge: 16 to 255 bytes from the server, used once.
  /// - Throws: ``VaultError/unknownKey``, ``VaultError/challengeOutOfBounds``; of a key that a custodian
  ///   holds also ``VaultError/custodianMissing(_:)``, ``VaultError/custodian(_:_:)``, and the counter's
  ///   value is then skipped.
  public func sign(
    _ challenge: [UInt8], with deviceID: DeviceID
  ) throws(VaultError) -> KeyAssertion {
    try sign(challenge) { ring throws(VaultError) in try ring.ticket(for: deviceID) }
  }

  /// Signs a server's challenge with exactly this key, placed or pending: for when both have the
  /// same id.
  ///
  /// - Parameter challenge: 16 to 255 bytes from the server, used once.
  /// - Throws: ``VaultError/unknownKey`` also when the key was replaced or removed since,
  ///   ``VaultError/challengeOutOfBounds``.
  public func sign(
    _ challenge: [UInt8], with key: ProveKey
  ) throws(VaultError) -> KeyAssertion {
    try sign(challenge) { ring throws(VaultError) in try ring.ticket(for: key) }
  }

  /// Takes a ticket under the lock and signs outside it, so that threads sign side by side.
  private func sign(
    _ challenge: [UInt8], _ ticket: (KeyRing) throws(VaultError) -> SigningTicket
  ) throws(VaultError) -> KeyAssertion {
    guard VaultLimits.challengeByteCounts.contains(challenge.count) else {
      throw .challengeOutOfBounds
    }
    let ticket = try withRing(ticket)
    let signature = try signature(over: try Self.message(challenge, ticket), ticket)
    do throws(ModelError) {
      return try KeyAssertion(
        deviceID: ticket.deviceID, counter: ticket.counter, vaultState: ticket.state,
        signature: signature)
    } catch {
      throw .challengeOutOfBounds  // the one thing that the model can refuse here
    }
  }

  private static func message(
    _ challenge: [UInt8], _ ticket: SigningTicket
  ) throws(VaultError) -> [UInt8] {
    do throws(ModelError) {
      return try KeyAssertion.signedBytes(
        challenge: challenge, deviceID: ticket.deviceID, counter: ticket.counter,
        vaultState: ticket.state)
    } catch {
      throw .challengeOutOfBounds  // the one thing that the model can refuse here
    }
  }
}
