import ProveKeyModel

// The bytes of a registration inside its seal, format 2; format 1 knew no suspension and no
// disconnected number. Integers are big-endian, texts and byte
// strings led by their length, optional parts by a byte 0 or 1; `docs/architecture.md` lists them.

extension KeyRegistration {
  var encoded: [UInt8] {
    var writer = ByteWriter(reservingCapacity: 256)
    writer.write(UInt8(2))
    writer.writeText(deviceID.rawValue)
    writer.writePublicKey(publicKey)
    writer.writeState(state)
    writer.write(device.kind.rawValue)
    writer.writeOptional(device.name) { $0.writeText($1) }
    writer.write(UInt8(device.capabilities.count))
    for capability in device.capabilities { writer.writeText(capability) }
    writer.writeOptional(clientCustomerID) { $0.writeText($1.rawValue) }
    writer.writeOptional(clientHumanID) { $0.writeText($1.rawValue) }
    writer.writeOptional(visitorID) { $0.writeText($1.rawValue) }
    writer.write(placedAt.millisecondsSinceEpoch)
    writer.writeOptional(lastAuthenticatedAt) { $0.write($1.millisecondsSinceEpoch) }
    writer.writeOptional(deactivatedAt) { $0.write($1.millisecondsSinceEpoch) }
    writer.writeOptional(suspendedAt) { $0.write($1.millisecondsSinceEpoch) }
    writer.writeOptional(replayWindow) {
      $0.write($1.highest)
      $0.write($1.used)
    }
    writer.writeOptional(vaultState) { $0.writeVaultState($1) }
    writer.write(version)
    return writer.bytes
  }

  /// Reads the bytes, or nothing when they are not exactly those of a registration.
  init?(decoding bytes: [UInt8]) {
    var reader = ByteReader(bytes)
    do {
      let format = try reader.read(UInt8.self, "format")
      guard (1...2).contains(format) else { return nil }
      self = try reader.readRegistration(format: format)
      try reader.finish()
    } catch { return nil }  // the caller reports damage of the row
  }
}

extension ByteWriter {
  mutating func writePublicKey(_ key: PublicKey) {
    write(key.algorithm.rawValue)
    writeFixed(key.bytes)
  }

  mutating func writeVaultState(_ state: KeyAssertion.VaultState) {
    write(state.generation)
    writeFixed(state.digest)
  }

  fileprivate mutating func writeState(_ state: KeyRegistration.State) {
    switch state {
    case .placed: write(UInt8(1))
    case .bound(let binding):
      write(UInt8(2))
      writeBinding(binding)
    case .unbound(let former):
      write(UInt8(3))
      writeBinding(former)
    case .revoked(let revocation):
      write(UInt8(4))
      write(revocation.revokedAt.millisecondsSinceEpoch)
      write(revocation.cause.rawValue)
      writeOptional(revocation.former) { $0.writeBinding($1) }
    }
  }

  private mutating func writeBinding(_ binding: KeyRegistration.Binding) {
    write(binding.phoneNumber.digits)
    writeOptional(binding.proveID) { $0.writeText($1.rawValue) }
    write(binding.boundAt.millisecondsSinceEpoch)
    writeOptional(binding.disconnectedAt) { $0.write($1.millisecondsSinceEpoch) }
  }
}

extension ByteReader {
  mutating func readIdentifier<ID: Identifier>(_ type: ID.Type) throws(Malformed) -> ID {
    guard let id = ID(try readText(limit: identifierByteLimit, ID.fieldName)) else {
      throw Malformed(field: ID.fieldName)
    }
    return id
  }

  mutating func readOptionalIdentifier<ID: Identifier>(_ type: ID.Type) throws(Malformed) -> ID? {
    try readOptional(ID.fieldName) { reader throws(Malformed) in try reader.readIdentifier(type) }
  }

  mutating func readInstant(_ field: String) throws(Malformed) -> UTCInstant {
    UTCInstant(millisecondsSinceEpoch: try read(Int64.self, field))
  }

  mutating func readPhoneNumber() throws(Malformed) -> PhoneNumber {
    let digits = try read(UInt64.self, "phoneNumber")
    do { return try PhoneNumber(digits: digits) } catch { throw Malformed(field: "phoneNumber") }
  }

  mutating func readPublicKey() throws(Malformed) -> PublicKey {
    guard let algorithm = KeyAlgorithm(rawValue: try read(UInt8.self, "algorithm")) else {
      throw Malformed(field: "algorithm")
    }
    let bytes = try readFixed(algorithm.publicKeyByteCount, "publicKey")
    do {
      return try PublicKey(algorithm: algorithm, bytes: bytes)
    } catch { throw Malformed(field: "publicKey") }
  }

  mutating func readVaultState() throws(Malformed) -> KeyAssertion.VaultState {
    let generation = try read(UInt64.self, "generation")
    let digest = try readFixed(32, "digest")
    do {
      return try KeyAssertion.VaultState(generation: generation, digest: digest)
    } catch { throw Malformed(field: "digest") }
  }

  fileprivate mutating func readRegistration(
    format: UInt8
  ) throws(Malformed) -> KeyRegistration {
    KeyRegistration(
      deviceID: try readIdentifier(DeviceID.self),
      publicKey: try readPublicKey(),
      state: try readState(format),
      device: try readDevice(),
      clientCustomerID: try readOptionalIdentifier(ClientCustomerID.self),
      clientHumanID: try readOptionalIdentifier(ClientHumanID.self),
      visitorID: try readOptionalIdentifier(VisitorID.self),
      placedAt: try readInstant("placedAt"),
      lastAuthenticatedAt: try readOptionalInstant("lastAuthenticatedAt"),
      deactivatedAt: try readOptionalInstant("deactivatedAt"),
      suspendedAt: format < 2 ? nil : try readOptionalInstant("suspendedAt"),
      replayWindow: try readOptional("replayWindow") { reader throws(Malformed) in
        ReplayWindow(
          highest: try reader.read(UInt64.self, "highest"),
          used: try reader.read(UInt64.self, "used"))
      },
      vaultState: try readOptional("vault") { reader throws(Malformed) in
        try reader.readVaultState()
      },
      version: try read(UInt64.self, "version"))
  }

  mutating func readOptionalInstant(_ field: String) throws(Malformed) -> UTCInstant? {
    try readOptional(field) { reader throws(Malformed) in try reader.readInstant(field) }
  }

  private mutating func readDevice() throws(Malformed) -> DeviceDescription {
    guard let kind = DeviceDescription.Kind(rawValue: try read(UInt8.self, "deviceType")) else {
      throw Malformed(field: "deviceType")
    }
    let name = try readOptional("deviceName") { reader throws(Malformed) in
      try reader.readText(limit: identifierByteLimit, "deviceName")
    }
    var capabilities: [String] = []
    for _ in 0..<(try read(UInt8.self, "deviceCapabilities")) {
      capabilities.append(
        try readText(limit: DeviceDescription.capabilityByteLimit, "deviceCapabilities"))
    }
    do {
      return try DeviceDescription(kind: kind, name: name, capabilities: capabilities)
    } catch { throw Malformed(field: "device") }
  }

  private mutating func readState(
    _ format: UInt8
  ) throws(Malformed) -> KeyRegistration.State {
    switch try read(UInt8.self, "state") {
    case 1: return .placed
    case 2: return .bound(try readBinding(format))
    case 3: return .unbound(former: try readBinding(format))
    case 4:
      let revokedAt = try readInstant("revokedAt")
      let code = try read(UInt8.self, "cause")
      guard let cause = KeyRegistration.Revocation.Cause(rawValue: code) else {
        throw Malformed(field: "cause")
      }
      let former = try readOptional("former") { reader throws(Malformed) in
        try reader.readBinding(format)
      }
      return .revoked(.init(revokedAt: revokedAt, cause: cause, former: former))
    default: throw Malformed(field: "state")
    }
  }

  private mutating func readBinding(
    _ format: UInt8
  ) throws(Malformed) -> KeyRegistration.Binding {
    KeyRegistration.Binding(
      phoneNumber: try readPhoneNumber(),
      proveID: try readOptionalIdentifier(ProveID.self),
      boundAt: try readInstant("boundAt"),
      disconnectedAt: format < 2 ? nil : try readOptionalInstant("disconnectedAt"))
  }
}
