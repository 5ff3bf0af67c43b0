#if Sandbox
  import ProveDeviceRegistry
  import ProveKeyModel

  /// What the registry holds of a browser and the person at it, and what the table would say now.
  struct RegistryView: Encodable {
    /// A registration as the page shows it.
    struct Entry: Encodable {
      let deviceId: String
      let state: String
      let isInactive: Bool
      let isSuspended: Bool
      let isCandidate: Bool
      let isOfThisBrowser: Bool
      let isPresented: Bool
      let isSelected: Bool
      let phoneNumber: String?
      let proveId: String?
      let placedAt: String
      let lastAuthenticatedAt: String?
      let inactiveFrom: String?
      let revokedBecause: String?
    }

    /// What the table says.
    struct Decision: Encodable {
      let row: String
      let when: String
      let outcome: String
      let words: String
      let deviceId: String?
    }

    /// Something that happened to one of the registrations.
    struct Event: Encodable {
      let deviceId: String
      let at: String
      let kind: String
      let row: String?
      let text: String
    }

    /// Which registrations, and how many events of each, at most.
    static let limit = 20

    let now: String
    let inactivityMonths: Int
    let keyPersistence: Bool
    /// Whether the browser sent the cookie of the page; it says itself that it would even when not.
    let sendsCookies: Bool
    let keptDeviceId: String?
    let decision: Decision
    let registrations: [Entry]
    let events: [Event]
  }

  extension RegistryView {
    /// Reads the view: the registrations of the visitor, of the number, and those named.
    init(
      of registry: DeviceRegistry, _ request: KeyRequest, visitor: VisitorID?,
      presenting presentedID: DeviceID?, cookies: PageCookies
    ) async throws(RegistryError) {
      let kept = cookies[PageCookies.device].flatMap(PageCookies.decode)
      let record = try await registry.preview(request, presenting: presentedID)
      var found: [KeyRegistration] = []
      if let visitor {
        found += try await registry.registrations(of: .visitor(visitor), limit: Self.limit)
          .registrations
      }
      if let number = request.phoneNumber {
        // Only a page that holds them all begins with the latest used.
        found += try await registry.registrations(
          of: .phoneNumber(number), limit: RegistryLimits.pageLimit
        ).registrations
      }
      for id in [presentedID, kept, request.storedDeviceID] {
        if let id, let key = try await registry.registration(id) { found.append(key) }
      }
      var seen: Set<DeviceID> = []
      found = found.filter { seen.insert($0.deviceID).inserted }
        .sorted { $0.isMoreRecent(than: $1) }

      var events: [Event] = []
      for key in found.prefix(Self.limit) {
        for event in try await registry.explain(key.deviceID, limit: Self.limit).reversed() {
          events.append(
            Event(
              deviceId: key.deviceID.rawValue, at: event.at.iso8601, kind: event.kind.name,
              row: event.row?.description, text: event.text))
        }
      }
      let months = registry.policy.inactivityMonths
      now = record.at.iso8601
      inactivityMonths = months
      keyPersistence = registry.policy.keyPersistence
      sendsCookies = !cookies.isEmpty
      keptDeviceId = kept?.rawValue
      decision = Decision(
        row: record.row.description, when: record.row.wordsInFull, outcome: record.outcome.name,
        words: record.words, deviceId: record.outcome.deviceID?.rawValue)
      registrations = found.prefix(Self.limit).map {
        Entry($0, at: record.at, months, visitor, presentedID, record.outcome.deviceID)
      }
      self.events = events
    }
  }

  extension RegistryView.Entry {
    fileprivate init(
      _ key: KeyRegistration, at now: UTCInstant, _ months: Int, _ visitor: VisitorID?,
      _ presented: DeviceID?, _ selected: DeviceID?
    ) {
      deviceId = key.deviceID.rawValue
      state = key.state.name.rawValue
      isInactive = key.binding != nil && key.isInactive(at: now, afterMonths: months)
      isSuspended = key.isSuspended
      isOfThisBrowser = visitor != nil && key.visitorID == visitor
      isCandidate =
        isOfThisBrowser && key.isServing && !key.isInactive(at: now, afterMonths: months)
      isPresented = key.deviceID == presented
      isSelected = key.deviceID == selected
      phoneNumber = key.association?.phoneNumber.e164
      proveId = key.association?.proveID?.rawValue
      placedAt = key.placedAt.iso8601
      lastAuthenticatedAt = key.lastAuthenticatedAt?.iso8601
      inactiveFrom = key.binding.map { _ in key.becomesInactive(afterMonths: months).iso8601 }
      if case .revoked(let revocation) = key.state {
        revokedBecause = String(describing: revocation.cause)
      } else {
        revokedBecause = nil
      }
    }
  }
#endif
