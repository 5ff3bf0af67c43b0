import CProveKeyStore
import ProveKeyModel
import ProveKeyVault

extension pks_key {
  /// Fills a zeroed struct in.
  mutating func fill(_ key: ProveKey) {
    let (publicKey, scope) = (key.publicKey, key.scope)
    state = UInt32(key.state.rawValue)
    algorithm = UInt32(publicKey.algorithm.rawValue)
    build_config = scope.buildConfig.number
    created_at = key.createdAt.millisecondsSinceEpoch
    confirmed_at = key.confirmedAt?.millisecondsSinceEpoch ?? 0
    public_key_length = write(bytes: publicKey, to: &public_key)
    write(key.deviceID.rawValue, to: &device_id)
    write(scope.origin, to: &origin)
  }
}

extension pks_new_key {
  init(_ key: NewKey) {
    self.init()
    algorithm = UInt32(key.publicKey.algorithm.rawValue)
    public_key_length = write(bytes: key.publicKey, to: &public_key)
    proof_length = write(bytes: key.proof.encoded, to: &proof)
    write(key.deviceID.rawValue, to: &device_id)
  }
}

extension NewKey {
  /// What a caller's struct offers.
  init(_ pointer: UnsafePointer<pks_new_key>?) throws {
    let given = try unsafe argument(pointer)
    self = try NewKey(
      deviceID: try DeviceID(validating: try text(in: given.device_id)),
      publicKey: try PublicKey(
        algorithm: try KeyAlgorithm(number: given.algorithm),
        bytes: try bytes(in: given.public_key, count: given.public_key_length)),
      proof: try KeyAssertion(encoded: try bytes(in: given.proof, count: given.proof_length)))
  }

  /// A key that may be left out.
  static func optional(_ pointer: UnsafePointer<pks_new_key>?) throws -> NewKey? {
    guard let pointer = unsafe pointer else { return nil }
    return try unsafe NewKey(pointer)
  }
}

extension KeyAlgorithm {
  init(number: UInt32) throws(Refusal) {
    switch pks_algorithm(number) {
    case PKS_ED25519: self = .ed25519
    case PKS_ES256: self = .es256
    default: throw .badValue("algorithm")
    }
  }
}

/// The text of a field, up to its NUL; there is one.
func text<Field>(in field: Field) throws(Refusal) -> String {
  let bytes = unsafe withUnsafeBytes(of: field) { bytes in
    unsafe bytes.firstIndex(of: 0).map { end in unsafe Array(bytes[..<end]) }
  }
  guard let bytes else { throw .badLength }
  guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
  return text
}

/// The first bytes of a field.
func bytes<Field>(in field: Field, count: UInt32) throws(Refusal) -> [UInt8] {
  guard count <= MemoryLayout<Field>.size else { throw .badLength }
  return unsafe withUnsafeBytes(of: field) { bytes in unsafe Array(bytes.prefix(Int(count))) }
}
