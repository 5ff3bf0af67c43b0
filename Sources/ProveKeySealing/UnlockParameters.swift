import ProveKeyModel

/// What a header keeps, beside the secret brought, to yield the key-encryption key again.
indirect enum UnlockParameters: Equatable {
  case rawKey(salt: [UInt8])
  case passphrase(salt: [UInt8], memoryBytes: UInt64, passes: UInt32)
  case keyFile(salt: [UInt8])
  case provider(name: String, wrapped: [UInt8])
  /// The parameters of the method within, which is never entangled itself; and what tells another
  /// value than the one that was mixed in.
  case entangled(UnlockParameters, salt: [UInt8], valueCheck: [UInt8])

  /// Bytes of a salt.
  static let saltCount = 16
  /// Bytes of the check of a value.
  static let valueCheckCount = 32

  /// Which method they belong to.
  var kind: UnlockMethod.Kind {
    switch self {
    case .rawKey: .rawKey
    case .passphrase: .passphrase
    case .keyFile: .keyFile
    case .provider: .provider
    case .entangled: .entangled
    }
  }

  /// The method's name; of an entangled one also the name of the method within.
  var methodName: String {
    guard case .entangled(let inner, _, _) = self else { return "\(kind)" }
    return "\(kind) \(inner.kind)"
  }

  /// The stored cost when there is one; refused outside the limits, before anything is computed.
  func passphraseCost() throws(SealingError) -> PassphraseCost? {
    if case .entangled(let inner, _, _) = self { return try inner.passphraseCost() }
    guard case .passphrase(_, let memoryBytes, let passes) = self else { return nil }
    guard let memory = Int(exactly: memoryBytes),
      let cost = PassphraseCost(memoryBytes: memory, passes: Int(passes))
    else { throw .costOutOfBounds }
    return cost
  }

  /// Writes method and parameters.
  func write(to writer: inout ByteWriter) {
    writer.write(kind.rawValue)
    switch self {
    case .rawKey(let salt), .keyFile(let salt):
      writer.writeFixed(salt)
    case .passphrase(let salt, let memoryBytes, let passes):
      writer.writeFixed(salt)
      writer.write(memoryBytes)
      writer.write(passes)
    case .provider(let name, let wrapped):
      writer.writeText(name)
      writer.writeBlock(wrapped)
    case .entangled(let inner, let salt, let valueCheck):
      inner.write(to: &writer)
      writer.writeFixed(salt)
      writer.writeFixed(valueCheck)
    }
  }

  /// Reads what ``write(to:)`` wrote; an entangled method within an entangled one is malformed.
  static func read(_ reader: inout ByteReader) throws(ByteReader.Malformed) -> UnlockParameters {
    let kind = try methodKind(&reader)
    guard kind == .entangled else { return try read(kind, &reader) }
    let inner = try read(try methodKind(&reader), &reader)
    return .entangled(
      inner, salt: try reader.readFixed(saltCount, "salt"),
      valueCheck: try reader.readFixed(valueCheckCount, "value check"))
  }

  private static func methodKind(
    _ reader: inout ByteReader
  ) throws(ByteReader.Malformed) -> UnlockMethod.Kind {
    let kind = UnlockMethod.Kind(rawValue: try reader.read(UInt8.self, "method"))
    guard let kind else { throw ByteReader.Malformed(field: "method") }
    return kind
  }

  private static func read(
    _ kind: UnlockMethod.Kind, _ reader: inout ByteReader
  ) throws(ByteReader.Malformed) -> UnlockParameters {
    switch kind {
    case .rawKey: return .rawKey(salt: try reader.readFixed(saltCount, "salt"))
    case .keyFile: return .keyFile(salt: try reader.readFixed(saltCount, "salt"))
    case .passphrase:
      return .passphrase(
        salt: try reader.readFixed(saltCount, "salt"),
        memoryBytes: try reader.read(UInt64.self, "memory"),
        passes: try reader.read(UInt32.self, "passes"))
    case .provider:
      let name = try reader.readText(limit: ProviderLimits.nameByteCount, "provider")
      guard ProviderLimits.accepts(name: name) else {
        throw ByteReader.Malformed(field: "provider")
      }
      return .provider(
        name: name,
        wrapped: try reader.readBlock(limit: ProviderLimits.wrappedByteCount, "wrapped key"))
    case .entangled: throw ByteReader.Malformed(field: "method")
    }
  }
}
