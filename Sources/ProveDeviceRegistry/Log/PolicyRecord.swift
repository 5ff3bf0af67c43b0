import ProveKeyModel

// The bytes of a policy inside a kept decision. A choice that is added later goes to the end, under
// a layout of its own.

extension ByteWriter {
  mutating func writePolicy(_ policy: RegistryPolicy) {
    write(UInt8(1))
    write(UInt16(clamping: policy.inactivityMonths))
    switch policy.maximumBindingAge {
    case .ignored: write(Int64(0))
    case .alwaysTooOld: write(Int64(-1))
    case .seconds(let seconds): write(seconds)
    }
    write(UInt8(policy.keyPersistence ? 1 : 0))
    write(policy.minimumVisitorConfidence.bitPattern)
    write(UInt8(policy.selection == .mostRecentlyAuthenticated ? 1 : 0))
    write(UInt8(policy.recoversByVisitorAlone ? 1 : 0))
    write(UInt8(policy.cloneResponse == .reject ? 1 : 0))
    switch policy.registrationCap {
    case .none: write(UInt8(0))
    case .refuse(let count): writeCap(1, count)
    case .supersedeOldest(let count): writeCap(2, count)
    }
    write(policy.lastAuthenticatedGranularitySeconds)
    write(UInt8(policy.eventDetail == .everyDecision ? 1 : 0))
    writeOptional(policy.eventDetailDays) { $0.write(UInt32(clamping: $1)) }
    write(UInt8(policy.bindingLookup ? 1 : 0))
    write(policy.version)
  }

  private mutating func writeCap(_ code: UInt8, _ count: Int) {
    write(code)
    write(UInt32(clamping: count))
  }
}

extension ByteReader {
  mutating func readPolicy() throws(Malformed) -> RegistryPolicy {
    guard try read(UInt8.self, "policy") == 1 else { throw Malformed(field: "policy") }
    let months = Int(try read(UInt16.self, "inactivityMonths"))
    let age = try read(Int64.self, "maximumBindingAge")
    let keyPersistence = try readFlag("keyPersistence")
    let confidence = Double(bitPattern: try read(UInt64.self, "minimumVisitorConfidence"))
    let selectsRecent = try readFlag("selection")
    let recoversByVisitorAlone = try readFlag("recoversByVisitorAlone")
    let rejectsClones = try readFlag("cloneResponse")
    let cap = try readCap()
    let granularity = try read(Int64.self, "lastAuthenticatedGranularitySeconds")
    let keepsAll = try readFlag("eventDetail")
    let detailDays = try readOptional("eventDetailDays") { reader throws(Malformed) in
      Int(try reader.read(UInt32.self, "eventDetailDays"))
    }
    let bindingLookup = try readFlag("bindingLookup")
    let version = try read(UInt32.self, "version")
    do {
      return try RegistryPolicy(
        inactivityMonths: months,
        maximumBindingAge: age == 0 ? .ignored : age < 0 ? .alwaysTooOld : .seconds(age),
        keyPersistence: keyPersistence, minimumVisitorConfidence: confidence,
        selection: selectsRecent ? .mostRecentlyAuthenticated : .none,
        recoversByVisitorAlone: recoversByVisitorAlone,
        cloneResponse: rejectsClones ? .reject : .requirePossession, registrationCap: cap,
        lastAuthenticatedGranularitySeconds: granularity,
        eventDetail: keepsAll ? .everyDecision : .changes, eventDetailDays: detailDays,
        bindingLookup: bindingLookup, version: version)
    } catch { throw Malformed(field: "policy") }
  }

  private mutating func readCap() throws(Malformed) -> RegistryPolicy.RegistrationCap {
    switch try read(UInt8.self, "registrationCap") {
    case 0: .none
    case 1: .refuse(above: Int(try read(UInt32.self, "registrationCap")))
    case 2: .supersedeOldest(above: Int(try read(UInt32.self, "registrationCap")))
    default: throw Malformed(field: "registrationCap")
    }
  }

  private mutating func readFlag(_ field: String) throws(Malformed) -> Bool {
    switch try read(UInt8.self, field) {
    case 0: false
    case 1: true
    default: throw Malformed(field: field)
    }
  }
}
