import ProveKeyModel

// The bytes of a registration inside its seal, format 3: texts are packed, numbers and times are
// varints, optional parts are led by a byte 0 or 1. Format 2 had texts led by four bytes and whole
// integers; format 1 knew no suspension and no disconnected number either. `docs/architecture.md`
// lists them.

extension KeyRegistration {
  private static let format: UInt8 = 3

  var encoded: [UInt8] {
    var writer = ByteWriter(reservingCapacity: 256)
    writer.write(Self.format)
    writer.writePackedText(deviceID.rawValue)
    writer.writePublicKey(publicKey)
    writer.writeState(state)
    writer.write(device.kind.rawValue)
    writer.writeOptional(device.name) { $0.writePackedText($1) }
    writer.write(UInt8(device.capabilities.count))
    for capability in device.capabilities { writer.writePackedText(capability) }
    writer.writeOptional(clientCustomerID) { $0.writePackedText($1.rawValue) }
    writer.writeOptional(clientHumanID) { $0.writePackedText($1.rawValue) }
    writer.writeOptional(visitorID) { $0.writePackedText($1.rawValue) }
    writer.writeInstant(placedAt)
    writer.writeOptional(lastAuthenticatedAt) { $0.writeInstant($1) }
    writer.writeOptional(deactivatedAt) { $0.writeInstant($1) }
    writer.writeOptional(suspendedAt) { $0.writeInstant($1) }
    writer.writeOptional(replayWindow) {
      $0.writeVarint($1.highest)
      $0.write($1.used)
    }
    writer.writeOptional(vaultState) {
      $0.writeVarint($1.generation)
      $0.writeFixed($1.digest)
    }
    writer.writeVarint(version)
    return writer.bytes
  }

  /// Reads the bytes, or nothing when they are not exactly those of a registration.
  init?(decoding bytes: [UInt8]) {
    var reader = ByteReader(bytes)
    do {
      let format = try reader.read(UInt8.self, "format")
      guard (1...Self.format).contains(format) else { return nil }
      self = try reader.readRegistration(format)
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
      writeInstant(revocation.revokedAt)
      write(revocation.cause.rawValue)
      writeOptional(revocation.former) { $0.writeBinding($1) }
    }
  }

  private mutating func writeBinding(_ binding: KeyRegistration.Binding) {
    writeVarint(binding.phoneNumber.digits)
    writeOptional(binding.proveID) { $0.writePackedText($1.rawValue) }
    writeInstant(binding.boundAt)
    writeOptional(binding.disconnectedAt) { $0.writeInstant($1) }
  }

  /// Appends the milliseconds since 1970 as a varint.
  mutating func writeInstant(_ instant: UTCInstant) {
    writeSignedVarint(instant.millisecondsSinceEpoch)
  }
}

// Before format 3 numbers were whole integers, and texts led by four bytes: so they still are in the
// records of decisions and tickets, which give no format.
extension ByteReader {
  mutating func readNumber(_ field: String, _ format: UInt8) throws(Malformed) -> UInt64 {
    format < 3 ? try read(UInt64.self, field) : try readVarint(field)
  }

  mutating func readText(
    limit: Int, _ field: String, _ format: UInt8
  ) throws(Malformed) -> String {
    format < 3 ? try readText(limit: limit, field) : try readPackedText(limit: limit, field)
  }

  mutating func readIdentifier<ID: Identifier>(
    _ type: ID.Type, _ format: UInt8 = 1
  ) throws(Malformed) -> ID {
    guard let id = ID(try readText(limit: identifierByteLimit, ID.fieldName, format)) else {
      throw Malformed(field: ID.fieldName)
    }
    return id
  }

  mutating func readOptionalIdentifier<ID: Identifier>(
    _ type: ID.Type, _ format: UInt8 = 1
  ) throws(Malformed) -> ID? {
    try readOptional(ID.fieldName) { reader throws(Malformed) in
      try reader.readIdentifier(type, format)
    }
  }

  mutating func readInstant(_ field: String, _ format: UInt8 = 1) throws(Malformed) -> UTCInstant {
    UTCInstant(
      millisecondsSinceEpoch: format < 3
        ? try read(Int64.self, field) : try readSignedVarint(field))
  }

  mutating func readOptionalInstant(
    _ field: String, _ format: UInt8 = 1
  ) throws(Malformed) -> UTCInstant? {
    try readOptional(field) { reader throws(Malformed) in try reader.readInstant(field, format) }
  }
}

extension ByteReader {
  mutating func readPhoneNumber() throws(Malformed) -> PhoneNumber {
    try phoneNumber(digits: try read(UInt64.self, "phoneNumber"))
  }

  private func phoneNumber(digits: UInt64) throws(Malformed) -> PhoneNumber {
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
    try readVaultState(generation: try read(UInt64.self, "generation"))
  }

  private mutating func readVaultState(
    generation: UInt64
  ) throws(Malformed) -> KeyAssertion.VaultState {
    let digest = try readFixed(32, "digest")
    do {
      return try KeyAssertion.VaultState(generation: generation, digest: digest)
    } catch { throw Malformed(field: "digest") }
  }
}

extension ByteReader {
  fileprivate mutating func readRegistration(
    _ format: UInt8
  ) throws(Malformed) -> KeyRegistration {
    KeyRegistration(
      deviceID: try readIdentifier(DeviceID.self, format),
      publicKey: try readPublicKey(),
      state: try readState(format),
      device: try readDevice(format),
      clientCustomerID: try readOptionalIdentifier(ClientCustomerID.self, format),
      clientHumanID: try readOptionalIdentifier(ClientHumanID.self, format),
      visitorID: try readOptionalIdentifier(VisitorID.self, format),
      placedAt: try readInstant("placedAt", format),
      lastAuthenticatedAt: try readOptionalInstant("lastAuthenticatedAt", format),
      deactivatedAt: try readOptionalInstant("deactivatedAt", format),
      suspendedAt: format < 2 ? nil : try readOptionalInstant("suspendedAt", format),
      replayWindow: try readOptional("replayWindow") { reader throws(Malformed) in
        ReplayWindow(
          highest: try reader.readNumber("highest", format),
          used: try reader.read(UInt64.self, "used"))
      },
      vaultState: try readOptional("vault") { reader throws(Malformed) in
        try reader.readVaultState(generation: try reader.readNumber("generation", format))
      },
      version: try readNumber("version", format))
  }

  private mutating func readDevice(_ format: UInt8) throws(Malformed) -> DeviceDescription {
    guard let kind = DeviceDescription.Kind(rawValue: try read(UInt8.self, "deviceType")) else {
      throw Malformed(field: "deviceType")
    }
    let name = try readOptional("deviceName") { reader throws(Malformed) in
      try reader.readText(limit: identifierByteLimit, "deviceName", format)
    }
    var capabilities: [String] = []
    for _ in 0..<(try read(UInt8.self, "deviceCapabilities")) {
      capabilities.append(
        try readText(limit: DeviceDescription.capabilityByteLimit, "deviceCapabilities", format))
    }
    do {
      return try DeviceDescription(kind: kind, name: name, capabilities: capabilities)
    } catch { throw Malformed(field: "device") }
  }

  private mutating func readState(_ format: UInt8) throws(Malformed) -> KeyRegistration.State {
    switch try read(UInt8.self, "state") {
    case 1: return .placed
    case 2: return .bound(try readBinding(format))
    case 3: return .unbound(former: try readBinding(format))
    case 4:
      let revokedAt = try readInstant("revokedAt", format)
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
      phoneNumber: try phoneNumber(digits: try readNumber("phoneNumber", format)),
      proveID: try readOptionalIdentifier(ProveID.self, format),
      boundAt: try readInstant("boundAt", format),
      disconnectedAt: format < 2 ? nil : try readOptionalInstant("disconnectedAt", format))
  }
}
