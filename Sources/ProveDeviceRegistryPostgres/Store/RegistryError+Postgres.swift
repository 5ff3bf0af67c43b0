import ProveDeviceRegistry

extension RegistryError {
  /// Wraps what the server met.
  init(_ error: PostgresError) {
    self = .store(StoreProblem(error))
  }
}

extension StoreProblem {
  fileprivate init(_ error: PostgresError) {
    switch error.kind {
    case .serialization: self = .conflicted
    case .connectionLost, .cannotConnect, .notPrimary, .tooManyConnections: self = .unavailable
    case .commitUncertain: self = .outcomeUnknown
    case .timedOut: self = .timedOut
    case .diskFull: self = .diskFull
    case .permissionDenied: self = .permissionDenied
    case .databaseMissing: self = .missing
    case .schemaMissing: self = .schemaOutdated
    case .corrupt, .unexpectedAnswer: self = .corrupt
    case .settingsMalformed: self = .addressMalformed
    case .poolFull, .poolTimedOut: self = .overloaded
    case .closed: self = .closed
    case .cancelled: self = .cancelled
    case .duplicate, .other: self = .refused(state: error.state?.code ?? "XX000")
    }
  }
}
