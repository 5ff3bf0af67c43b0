#if Sandbox
  import ProveDeviceRegistry
  import ProveKeyModel

  extension DecisionRow {
    /// When the row matches, in the words of `docs/decision-table.md`; a test compares them.
    var words: String {
      switch self {
      case .d1: "channel is desktop"
      case .d2: "presented key is revoked"
      case .d3: "the finding on the presented key is not fresh"
      case .d4: "rebind"
      case .d5: "presented key is unknown here"
      case .d6: "presented key is placed or unbound"
      case .d7: "presented key is inactive"
      case .d8: "the request's number, else its proveId, differs from the presented key's binding"
      case .d9: "the binding is older than the policy allows"
      case .d10: "a bound, live key was presented and all given facts agree"
      case .d11:
        "no key; and Key Persistence is off, or there is no visitor, or its confidence is under the "
          + "policy's least"
      case .d12: "stored deviceId that is a candidate of this visitor"
      case .d13: "stored deviceId that is not"
      case .d14: "neither number nor proveId given"
      case .d15: "no candidate of the given number and proveId"
      case .d16: "exactly one"
      case .d17: "several"
      case .d18: "presented key is suspended"
      case .d19: "the presented key's number was marked as out of service"
      }
    }
  }

  extension DecisionRow {
    /// The words with what they go on from in the rows above.
    var wordsInFull: String {
      switch self {
      case .d13: words + " a candidate of this visitor"
      case .d16, .d17: "candidates of the given number and proveId: " + words
      default: words
      }
    }
  }

  extension DecisionRecord {
    /// What follows, in the words of `docs/decision-table.md`; which of several, where there are.
    var words: String {
      if row == .d17, case .recover = outcome {
        return "the most recently authenticated registration, ties to the lower deviceId, is "
          + "restored under a new key"
      }
      return outcome.words
    }
  }

  extension KeyOutcome {
    /// The outcome's name.
    var name: String {
      switch self {
      case .authenticate: "authenticate"
      case .recover: "recover"
      case .requirePossession: "requirePossession"
      case .reject: "reject"
      }
    }

    fileprivate var words: String {
      switch self {
      case .authenticate: "the presented key is enough"
      case .recover: "the registration is restored under a new key, without a possession check"
      case .requirePossession(let reason, let plan):
        "possession of a number must be proven (\(reason.name)); then \(plan.action.words)"
      case .reject(let reason): "refused (\(reason.rawValue))"
      }
    }

    /// The registration that the outcome selects.
    var deviceID: DeviceID? {
      switch self {
      case .authenticate(let id), .recover(let id): id
      case .requirePossession(_, let plan): plan.action.deviceID
      case .reject: nil
      }
    }
  }

  extension KeyPlan.Action {
    fileprivate var words: String {
      switch self {
      case .none: "nothing, no key is involved"
      case .place: "a new key is registered and bound"
      case .bind: "the key is bound"
      case .rebind: "the bound key is rebound, same deviceId"
      case .rekey: "a new key takes its place under the same deviceId"
      }
    }
  }
#endif
