/// The choices that Prove leaves to the integrator, each with the default that we recommend.
public struct RegistryPolicy: Hashable, Sendable {
  /// Months without a completed authentication after which a key is inactive: 1 to 120, default 12
  /// (R5).
  public let inactivityMonths: Int
  /// How old a binding may be (R15); default: no matter.
  public let maximumBindingAge: BindingAge
  /// Whether a registration may be recovered through a visitor ID at all; opt-in (R12).
  public let keyPersistence: Bool
  /// The least confidence of a visitor ID, 0 to 1, default 0.9 (D11).
  public let minimumVisitorConfidence: Double
  /// What to do with several candidates of one number (D17).
  public let selection: CandidateSelection
  /// Whether a visitor ID with exactly one candidate suffices when nothing else is known (D14).
  public let recoversByVisitorAlone: Bool
  /// What follows when a counter, or a vault's state, shows a copy (D3).
  public let cloneResponse: CloneResponse
  /// How many live registrations one visitor may have with one number.
  public let registrationCap: RegistrationCap
  /// A completed authentication within so many seconds of the last recorded one need not be
  /// written: 0 to 86,400, default 0.
  public let lastAuthenticatedGranularitySeconds: Int64
  /// Which decisions are kept as events.
  public let eventDetail: EventDetail
  /// For how many days what is personal in an event is kept.
  ///
  /// 1 to 36,500, default 400; nothing for as long as the person is.
  public let eventDetailDays: Int?
  /// Whether a decision that would add a registration tells which live ones the number has already.
  public let bindingLookup: Bool
  /// Chosen by the integrator and kept with every event, so that it can be told which policy ruled.
  public let version: UInt32

  /// How old a binding may be before possession must be proven again.
  ///
  /// Source: domain rule R15, `maxAge`.
  public enum BindingAge: Hashable, Sendable {
    /// Age does not matter.
    case ignored
    /// Every authentication proves possession anew.
    case alwaysTooOld
    /// At most so many seconds, 1 or more.
    case seconds(Int64)
  }

  /// Which of several candidates is recovered.
  public enum CandidateSelection: Hashable, Sendable {
    /// The most recently authenticated; ties go to the lower deviceId.
    case mostRecentlyAuthenticated
    /// None: possession must be proven.
    case none
  }

  /// What follows when a key seems to have been copied.
  public enum CloneResponse: Hashable, Sendable {
    /// A possession check, after which the key is replaced.
    case requirePossession
    /// Refusal.
    case reject
  }

  /// A bound on how registrations pile up.
  public enum RegistrationCap: Hashable, Sendable {
    /// No bound.
    case none
    /// Beyond so many (1 to 10,000), binding is refused.
    case refuse(above: Int)
    /// Beyond so many (1 to 10,000), the least recently authenticated is revoked.
    case supersedeOldest(above: Int)
  }

  /// Which decisions are kept as events.
  public enum EventDetail: Hashable, Sendable {
    /// Changes of state, refusals and possession demands.
    case changes
    /// Every decision.
    case everyDecision
  }

  /// Prove's behaviour, with our defaults where Prove leaves a choice.
  public static let prove = RegistryPolicy()

  /// States the choices.
  /// - Throws: ``ModelError/malformed(field:)`` with the choice that is out of its bounds.
  public init(
    inactivityMonths: Int = 12, maximumBindingAge: BindingAge = .ignored,
    keyPersistence: Bool = false, minimumVisitorConfidence: Double = 0.9,
    selection: CandidateSelection = .mostRecentlyAuthenticated,
    recoversByVisitorAlone: Bool = false, cloneResponse: CloneResponse = .requirePossession,
    registrationCap: RegistrationCap = .none, lastAuthenticatedGranularitySeconds: Int64 = 0,
    eventDetail: EventDetail = .changes, eventDetailDays: Int? = 400, bindingLookup: Bool = false,
    version: UInt32 = 1
  ) throws(ModelError) {
    guard (1...120).contains(inactivityMonths) else { throw .malformed(field: "inactivityMonths") }
    guard (0...1).contains(minimumVisitorConfidence) else {
      throw .malformed(field: "minimumVisitorConfidence")
    }
    if case .seconds(let seconds) = maximumBindingAge, seconds < 1 {
      throw .malformed(field: "maximumBindingAge")
    }
    switch registrationCap {
    case .none: break
    case .refuse(let count), .supersedeOldest(let count):
      guard (1...10_000).contains(count) else { throw .malformed(field: "registrationCap") }
    }
    guard (0...86_400).contains(lastAuthenticatedGranularitySeconds) else {
      throw .malformed(field: "lastAuthenticatedGranularitySeconds")
    }
    if let eventDetailDays, !(1...36_500).contains(eventDetailDays) {
      throw .malformed(field: "eventDetailDays")
    }
    self.inactivityMonths = inactivityMonths
    self.maximumBindingAge = maximumBindingAge
    self.keyPersistence = keyPersistence
    self.minimumVisitorConfidence = minimumVisitorConfidence
    self.selection = selection
    self.recoversByVisitorAlone = recoversByVisitorAlone
    self.cloneResponse = cloneResponse
    self.registrationCap = registrationCap
    self.lastAuthenticatedGranularitySeconds = lastAuthenticatedGranularitySeconds
    self.eventDetail = eventDetail
    self.eventDetailDays = eventDetailDays
    self.bindingLookup = bindingLookup
    self.version = version
  }

  private init() {
    inactivityMonths = 12
    maximumBindingAge = .ignored
    keyPersistence = false
    minimumVisitorConfidence = 0.9
    selection = .mostRecentlyAuthenticated
    recoversByVisitorAlone = false
    cloneResponse = .requirePossession
    registrationCap = .none
    lastAuthenticatedGranularitySeconds = 0
    eventDetail = .changes
    eventDetailDays = 400
    bindingLookup = false
    version = 1
  }
}
