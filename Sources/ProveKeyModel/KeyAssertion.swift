/// A device's proof that it holds the private half of a key.
///
/// The signature covers ``signedBytes``, whose layout is documented so that a server in any
/// language can verify it (all integers big-endian, every text and byte string led by its length
/// as four bytes):
///
/// | part | bytes |
/// |---|---|
/// | label | length 4, then `prove-key-assertion-v1` |
/// | challenge | length 4, then 16 to 255 bytes |
/// | deviceId | length 4, then 1 to 255 bytes of UTF-8 |
/// | counter | 1 when the key counts its signatures, then 8 bytes; else 0 |
/// | vault | 1 when a vault's state is given, then generation 8 and digest 32; else 0 |
public struct KeyAssertion: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
  /// The state of the vault that made an assertion, for the server to tell stale from fresh.
  public struct VaultState: Hashable, Sendable {
    /// How many write transactions the vault has seen.
    public let generation: UInt64
    /// 32 bytes that commit to the vault's content at that generation.
    public let digest: [UInt8]

    /// Makes a state.
    /// - Throws: ``ModelError/malformed(field:)`` with `digest` unless it has 32 bytes.
    public init(generation: UInt64, digest: [UInt8]) throws(ModelError) {
      guard digest.count == 32 else { throw .malformed(field: "digest") }
      self.generation = generation
      self.digest = digest
    }
  }

  /// Which key signed.
  public let deviceID: DeviceID
  /// The key's signature counter, strictly increasing; nothing for keys that do not count.
  public let counter: UInt64?
  /// The vault's state when it signed; nothing for keys outside a vault.
  public let vaultState: VaultState?
  /// 64 bytes over ``signedBytes(challenge:deviceID:counter:vaultState:)``.
  public let signature: [UInt8]

  /// Puts an assertion together.
  /// - Throws: ``ModelError/malformed(field:)`` with `signature` unless it has 64 bytes.
  public init(
    deviceID: DeviceID, counter: UInt64?, vaultState: VaultState?, signature: [UInt8]
  ) throws(ModelError) {
    guard signature.count == 64 else { throw .malformed(field: "signature") }
    self.deviceID = deviceID
    self.counter = counter
    self.vaultState = vaultState
    self.signature = signature
  }

  /// The bytes that a signature covers.
  /// - Parameter challenge: 16 to 255 bytes from the server, used once.
  /// - Throws: ``ModelError/malformed(field:)`` with `challenge` when its length is out of bounds.
  public static func signedBytes(
    challenge: [UInt8], deviceID: DeviceID, counter: UInt64?, vaultState: VaultState?
  ) throws(ModelError) -> [UInt8] {
    guard (16...255).contains(challenge.count) else { throw .malformed(field: "challenge") }
    var writer = ByteWriter(reservingCapacity: 192)
    writer.writeText("prove-key-assertion-v1")
    writer.writeBlock(challenge)
    writer.writeFields(deviceID: deviceID, counter: counter, vaultState: vaultState)
    return writer.bytes
  }

  /// The assertion's wire form, version 1: the byte 1, then deviceId, counter and vault as in the
  /// signed bytes, then the 64 bytes of the signature.
  public var encoded: [UInt8] {
    var writer = ByteWriter(reservingCapacity: 192)
    writer.write(Self.wireVersion)
    writer.writeFields(deviceID: deviceID, counter: counter, vaultState: vaultState)
    writer.writeFixed(signature)
    return writer.bytes
  }

  /// Reads the wire form.
  /// - Throws: ``ModelError/malformed(field:)`` with the first field that cannot be read.
  public init(encoded bytes: [UInt8]) throws(ModelError) {
    var reader = ByteReader(bytes)
    do {
      guard try reader.read(UInt8.self, "version") == Self.wireVersion else {
        throw ByteReader.Malformed(field: "version")
      }
      let text = try reader.readText(limit: identifierByteLimit, DeviceID.fieldName)
      guard let deviceID = DeviceID(text) else {
        throw ByteReader.Malformed(field: DeviceID.fieldName)
      }
      self.deviceID = deviceID
      counter = try reader.readOptional("counter") { reader throws(ByteReader.Malformed) in
        try reader.read(UInt64.self, "counter")
      }
      let state = try reader.readOptional("vault") { reader throws(ByteReader.Malformed) in
        (try reader.read(UInt64.self, "generation"), try reader.readFixed(32, "digest"))
      }
      signature = try reader.readFixed(64, "signature")
      try reader.finish()
      vaultState = try state.map { state throws(ModelError) in
        try VaultState(generation: state.0, digest: state.1)
      }
    } catch let error as ByteReader.Malformed {
      throw .malformed(field: error.field)
    } catch {
      throw .malformed(field: "assertion")
    }
  }

  /// Shows no children, so that `dump` can print nothing of them.
  public var customMirror: Mirror { Mirror(self, children: []) }

  /// Which facts it carries; never the device's id.
  public var description: String {
    "KeyAssertion(\(counter == nil ? "uncounted" : "counted"), "
      + "\(vaultState == nil ? "no vault" : "vault"))"
  }

  private static let wireVersion: UInt8 = 1
}

extension ByteWriter {
  fileprivate mutating func writeFields(
    deviceID: DeviceID, counter: UInt64?, vaultState: KeyAssertion.VaultState?
  ) {
    writeText(deviceID.rawValue)
    writeOptional(counter) { $0.write($1) }
    writeOptional(vaultState) { writer, state in
      writer.write(state.generation)
      writer.writeFixed(state.digest)
    }
  }
}
