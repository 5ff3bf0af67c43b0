/// A key that a device offers for registration.
///
/// The assertion over the server's challenge proves that the device holds the private half.
public struct NewKey: Hashable, Sendable {
  /// The id that the device made for the key; for a recovered or replaced registration, its id.
  public let deviceID: DeviceID
  /// The public half.
  public let publicKey: PublicKey
  /// Proof that the device holds the private half.
  public let proof: KeyAssertion

  /// Puts an offer together.
  /// - Throws: ``ModelError/malformed(field:)`` with `newKey` when the proof is of another key.
  public init(deviceID: DeviceID, publicKey: PublicKey, proof: KeyAssertion) throws(ModelError) {
    guard proof.deviceID == deviceID else { throw .malformed(field: "newKey") }
    self.deviceID = deviceID
    self.publicKey = publicKey
    self.proof = proof
  }
}

/// What became of a possession check.
public enum Possession: Hashable, Sendable {
  /// Possession of this number was proven; the consumer behind it, when known.
  case passed(PhoneNumber, proveID: ProveID? = nil)
  /// It was not.
  case failed
}
