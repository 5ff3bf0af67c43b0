import ProveKeyModel

extension DecisionRecord {
  // Layout 1; registrations stand as their own records.
  var encoded: [UInt8] {
    var writer = ByteWriter(reservingCapacity: 1024)
    writer.write(UInt8(1))
    writer.write(at.millisecondsSinceEpoch)
    writer.writeRequest(request)
    writer.writeFacts(facts)
    writer.writePolicy(policy)
    writer.write(UInt8(row.rawValue))
    writer.writeOutcome(outcome)
    return writer.bytes
  }

  init?(decoding bytes: [UInt8]) {
    var reader = ByteReader(bytes)
    do {
      guard try reader.read(UInt8.self, "layout") == 1 else { return nil }
      at = try reader.readInstant("at")
      request = try reader.readRequest()
      facts = try reader.readFacts()
      policy = try reader.readPolicy()
      guard let row = DecisionRow(rawValue: Int(try reader.read(UInt8.self, "row"))) else {
        return nil
      }
      self.row = row
      outcome = try reader.readOutcome()
      try reader.finish()
    } catch { return nil }  // the caller reports damage of the row
  }
}

extension ByteWriter {
  fileprivate mutating func writeRequest(_ request: KeyRequest) {
    writeText(request.channel.rawValue)
    writeOptional(request.phoneNumber) { $0.write($1.digits) }
    writeOptional(request.proveID) { $0.writeText($1.rawValue) }
    writeOptional(request.storedDeviceID) { $0.writeText($1.rawValue) }
    write(UInt8(request.rebind ? 1 : 0))
    writeOptional(request.visitor) {
      $0.writeText($1.id.rawValue)
      $0.write($1.confidence.bitPattern)
    }
    writeOptional(request.clientCustomerID) { $0.writeText($1.rawValue) }
    writeOptional(request.clientHumanID) { $0.writeText($1.rawValue) }
  }

  fileprivate mutating func writeFacts(_ facts: KeyFacts) {
    switch facts.presented {
    case .none: write(UInt8(0))
    case .unknown: write(UInt8(1))
    case .registered(let key, let finding):
      write(UInt8(2))
      writeBlock(key.encoded)
      writeText(finding.rawValue)
    }
    switch facts.stored {
    case .none: write(UInt8(0))
    case .unknown: write(UInt8(1))
    case .registered(let key):
      write(UInt8(2))
      writeBlock(key.encoded)
    }
    write(UInt16(clamping: facts.ofVisitor.count))
    for key in facts.ofVisitor { writeBlock(key.encoded) }
  }

  fileprivate mutating func writeOutcome(_ outcome: KeyOutcome) {
    switch outcome {
    case .authenticate(let id):
      write(UInt8(1))
      writeText(id.rawValue)
    case .recover(let id):
      write(UInt8(2))
      writeText(id.rawValue)
    case .requirePossession(let reason, let plan):
      write(UInt8(3))
      writeText(reason.name)
      write(UInt32(clamping: reason.count))
      writePlan(plan)
    case .reject(let reason):
      write(UInt8(4))
      writeText(reason.rawValue)
    }
  }
}

extension ByteReader {
  fileprivate mutating func readRequest() throws(Malformed) -> KeyRequest {
    guard let channel = Channel(rawValue: try readText(limit: 16, "channel")) else {
      throw Malformed(field: "channel")
    }
    var request = KeyRequest(channel: channel)
    request.phoneNumber = try readOptional("phoneNumber") { reader throws(Malformed) in
      try reader.readPhoneNumber()
    }
    request.proveID = try readOptionalIdentifier(ProveID.self)
    request.storedDeviceID = try readOptionalIdentifier(DeviceID.self)
    request.rebind = try read(UInt8.self, "rebind") == 1
    request.visitor = try readOptional("visitor") { reader throws(Malformed) in
      let id = try reader.readIdentifier(VisitorID.self)
      let confidence = Double(bitPattern: try reader.read(UInt64.self, "confidence"))
      do { return try Visitor(id: id, confidence: confidence) } catch {
        throw Malformed(field: "confidence")
      }
    }
    request.clientCustomerID = try readOptionalIdentifier(ClientCustomerID.self)
    request.clientHumanID = try readOptionalIdentifier(ClientHumanID.self)
    return request
  }

  fileprivate mutating func readFacts() throws(Malformed) -> KeyFacts {
    var facts = KeyFacts()
    switch try read(UInt8.self, "presented") {
    case 0: facts.presented = .none
    case 1: facts.presented = .unknown
    case 2:
      let key = try readKey()
      guard let finding = ReplayFinding(rawValue: try readText(limit: 64, "finding")) else {
        throw Malformed(field: "finding")
      }
      facts.presented = .registered(key, finding)
    default: throw Malformed(field: "presented")
    }
    switch try read(UInt8.self, "stored") {
    case 0: facts.stored = .none
    case 1: facts.stored = .unknown
    case 2: facts.stored = .registered(try readKey())
    default: throw Malformed(field: "stored")
    }
    for _ in 0..<(try read(UInt16.self, "ofVisitor")) { facts.ofVisitor.append(try readKey()) }
    return facts
  }

  private mutating func readKey() throws(Malformed) -> KeyRegistration {
    let bytes = try readBlock(limit: RegistryLimits.registrationByteLimit, "registration")
    guard let key = KeyRegistration(decoding: bytes) else {
      throw Malformed(field: "registration")
    }
    return key
  }

  fileprivate mutating func readOutcome() throws(Malformed) -> KeyOutcome {
    switch try read(UInt8.self, "outcome") {
    case 1: return .authenticate(try readIdentifier(DeviceID.self))
    case 2: return .recover(try readIdentifier(DeviceID.self))
    case 3:
      let name = try readText(limit: 64, "reason")
      let count = Int(try read(UInt32.self, "count"))
      guard let reason = PossessionReason(name: name, count: count) else {
        throw Malformed(field: "reason")
      }
      return .requirePossession(reason, then: try readPlan())
    case 4:
      guard let reason = RejectionReason(rawValue: try readText(limit: 64, "reason")) else {
        throw Malformed(field: "reason")
      }
      return .reject(reason)
    default: throw Malformed(field: "outcome")
    }
  }
}

extension PossessionReason {
  /// How many candidates the reason counts; 0 for the others.
  fileprivate var count: Int { if case .ambiguous(let count) = self { count } else { 0 } }

  fileprivate init?(name: String, count: Int) {
    if name == "ambiguous" {
      self = .ambiguous(count)
      return
    }
    guard let reason = Self.withoutCount.first(where: { $0.name == name }) else { return nil }
    self = reason
  }
}
