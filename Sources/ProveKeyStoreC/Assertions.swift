public import CProveKeyStore
import ProveDeviceRegistry
import ProveKeyModel

/// Reads the wire form of an assertion.
@c @implementation
public func pks_assertion_parse(
  _ encoded: UnsafePointer<UInt8>!, _ encoded_length: Int,
  _ assertion: UnsafeMutablePointer<pks_assertion>!, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultPlace(assertion)
    let read = try KeyAssertion(encoded: unsafe bytes(encoded, count: encoded_length))
    var assertion = pks_assertion()
    assertion.has_counter = read.counter == nil ? 0 : 1
    assertion.counter = read.counter ?? 0
    if let state = read.vaultState {
      assertion.has_vault_state = 1
      assertion.generation = state.generation
      _ = write(bytes: state.digest, to: &assertion.digest)
    }
    _ = write(bytes: read.signature, to: &assertion.signature)
    write(read.deviceID.rawValue, to: &assertion.device_id)
    place.put(assertion)
  }
}

/// Checks an assertion's signature.
@c @implementation
public func pks_assertion_verify(
  _ encoded: UnsafePointer<UInt8>!, _ encoded_length: Int, _ algorithm: UInt32,
  _ public_key: UnsafePointer<UInt8>!, _ public_key_length: Int,
  _ challenge: UnsafePointer<UInt8>!, _ challenge_length: Int,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let assertion = try KeyAssertion(encoded: unsafe bytes(encoded, count: encoded_length))
    let key = try PublicKey(
      algorithm: KeyAlgorithm(number: algorithm),
      bytes: unsafe bytes(public_key, count: public_key_length))
    let challenge = Challenge(bytes: try unsafe bytes(challenge, count: challenge_length))
    try SignatureVerifier.verify(assertion, by: key, for: challenge)
  }
}

/// Writes a phone number in E.164.
@c @implementation
public func pks_phone_normalise(
  _ text: UnsafePointer<CChar>!, _ buffer: UnsafeMutablePointer<CChar>!, _ capacity: Int,
  _ length: UnsafeMutablePointer<Int>!, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultBuffer(buffer, capacity: capacity, length: length)
    let number = try PhoneNumber(unsafe ProveKeyStoreC.text(text))
    try place.put(number.e164.utf8.map { CChar(bitPattern: $0) }, terminator: 0)
  }
}
