public import ProveKeyModel

/// Whose data is meant: by what a person, or one of the person's devices, is known.
public enum PersonalSubject: Hashable, Sendable {
  /// Everything bound, now or last, to this number.
  case phoneNumber(PhoneNumber)
  /// Everything bound, now or last, to this consumer.
  case proveID(ProveID)
  /// Everything of this customer of the integrator.
  case clientCustomerID(ClientCustomerID)
  /// Everything of this person of the integrator.
  case clientHumanID(ClientHumanID)
  /// One registration.
  case deviceID(DeviceID)

  /// What kind of name it is, without the name: `phoneNumber`, `deviceId` and so on.
  public var kindName: String {
    switch self {
    case .phoneNumber: "phoneNumber"
    case .proveID: ProveID.fieldName
    case .clientCustomerID: ClientCustomerID.fieldName
    case .clientHumanID: ClientHumanID.fieldName
    case .deviceID: DeviceID.fieldName
    }
  }

  /// Whether a binding is one to the subject; one that is known otherwise has all bindings.
  func holds(_ binding: KeyRegistration.Binding) -> Bool {
    switch self {
    case .phoneNumber(let number): binding.phoneNumber == number
    case .proveID(let id): binding.proveID == id
    case .clientCustomerID, .clientHumanID, .deviceID: true
    }
  }
}

extension DeviceRegistry {
  /// Calls `body` with each registration of a subject, in bounded pages.
  func forEachRegistration(
    of subject: PersonalSubject,
    _ body: (KeyRegistration) async throws(RegistryError) -> Void
  ) async throws(RegistryError) {
    guard let listing = listing(of: subject) else {
      if case .deviceID(let id) = subject, let key = try await registration(id) {
        try await body(key)
      }
      return
    }
    var position: PagePosition?
    repeat {
      let rows = try await store.registrations(
        in: listing, after: position, limit: RegistryLimits.pageLimit)
      position = rows.last?.position
      for row in rows { try await body(try codec.open(row)) }
    } while position != nil
  }

  private func listing(of subject: PersonalSubject) -> StoredListing? {
    switch subject {
    case .phoneNumber(let number): .phoneNumber(codec.locator(of: number))
    case .proveID(let id): .proveID(codec.locator(of: id))
    case .clientCustomerID(let id): .clientCustomerID(codec.locator(of: id))
    case .clientHumanID(let id): .clientHumanID(codec.locator(of: id))
    case .deviceID: nil
    }
  }
}

// MARK: - Changes to all devices of a person

extension DeviceRegistry {
  /// Takes the bindings of all devices of a person away; the devices stay (R15).
  ///
  /// Each device is a transaction of its own: after a failure the call can be made again.
  /// - Returns: how many were bound and are not any longer.
  @discardableResult
  public func unbindAll(
    of subject: PersonalSubject, reason: String? = nil, actor: String = "operator"
  ) async throws(RegistryError) -> Int {
    try await changeAll(of: subject) { id throws(RegistryError) in
      try await self.unbind(id, reason: reason, actor: actor)
    }
  }

  /// Notes that a number is out of service: its keys then need a rebind (D19), and none is recovered.
  ///
  /// Each device is a transaction of its own: after a failure the call can be made again.
  /// - Returns: how many bound registrations were marked now.
  @discardableResult
  public func markDisconnected(
    _ number: PhoneNumber, actor: String = "operator"
  ) async throws(RegistryError) -> Int {
    try await changeAll(of: .phoneNumber(number), where: { $0.disconnectedAt == nil }) {
      id throws(RegistryError) in
      try await self.change(id, .disconnected, actor: actor) { key, now throws(ModelError) in
        try key.disconnected(at: now)
      }
    }
  }

  private func changeAll(
    of subject: PersonalSubject, where isMeant: (KeyRegistration.Binding) -> Bool = { _ in true },
    _ change: (DeviceID) async throws(RegistryError) -> KeyRegistration
  ) async throws(RegistryError) -> Int {
    var count = 0
    try await forEachRegistration(of: subject) { key throws(RegistryError) in
      guard let binding = key.binding, subject.holds(binding), isMeant(binding) else { return }
      do throws(RegistryError) {
        _ = try await change(key.deviceID)
        count += 1
      } catch {
        // Somebody else was faster: then there is no binding to take away or to mark.
        switch error {
        case .notBound, .deviceRevoked, .unknownDevice: break
        default: throw error
        }
      }
    }
    return count
  }
}
