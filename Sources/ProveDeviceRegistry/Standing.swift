import ProveKeyModel
import ProveKeySealing

extension KeyRegistration {
  /// 32 bytes that change with the key, its state or its binding, and not with authentications.
  ///
  /// A ticket to authenticate stands as long as this does, so that two tabs may race (D3).
  var standing: [UInt8] {
    var writer = ByteWriter(reservingCapacity: 128)
    writer.writePublicKey(publicKey)
    writer.writeText(state.name.rawValue)
    writer.writeOptional(binding) { writer, binding in
      writer.write(binding.phoneNumber.digits)
      writer.writeOptional(binding.proveID) { $0.writeText($1.rawValue) }
      writer.write(binding.boundAt.millisecondsSinceEpoch)
      writer.writeOptional(binding.disconnectedAt) { $0.write($1.millisecondsSinceEpoch) }
    }
    return Hashing.blake2b256(writer.bytes)
  }
}
