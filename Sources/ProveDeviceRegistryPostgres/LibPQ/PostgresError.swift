/// Why a call on PostgreSQL failed, told without any value that was sent or read.
///
/// The server's own texts are never kept: they may quote a value, and with it a row.
struct PostgresError: Error, Equatable, Sendable {
  /// What happened, in the terms a caller decides by.
  let kind: Kind
  /// The server's name for it, where the server said something.
  let state: SQLState?
  /// What was being done: "connect", "prepare", a statement's name.
  let operation: String
  /// libpq's words about a connection that could not be made: hosts, ports and certificates.
  let message: String?

  init(_ kind: Kind, state: SQLState? = nil, operation: String, message: String? = nil) {
    self.kind = kind
    self.state = state
    self.operation = operation
    self.message = message
  }

  /// A failure that the server named.
  init(_ state: SQLState, operation: String) {
    self.init(Kind(state), state: state, operation: operation)
  }
}

extension PostgresError {
  /// What happened, in the terms a caller decides by.
  enum Kind: Equatable, Sendable {
    /// Another transaction was in the way and nothing was changed: run all of it again, reads
    /// included.
    case serialization
    /// The session ended; what was being committed may or may not have been.
    case connectionLost
    /// No server could be reached, or none of the kind that was asked for.
    case cannotConnect
    /// The server only reads: it is not, or no longer, the primary. Nothing was changed.
    case notPrimary
    /// A statement or a lock took longer than it may; nothing was changed.
    case timedOut
    /// The server has no connections left.
    case tooManyConnections
    /// The server's disk is full.
    case diskFull
    /// The server refuses this user, or refuses the user this table.
    case permissionDenied
    /// There is no database of that name.
    case databaseMissing
    /// A table or column that the registry needs is not there.
    case schemaMissing
    /// An object or row of that name is there already.
    case duplicate
    /// The server found its own files damaged.
    case corrupt
    /// The connection string cannot be read.
    case settingsMalformed
    /// The server sent what nobody asked for.
    case unexpectedAnswer
    /// Commit was answered, but with a warning that it may not have reached its replicas.
    case commitUncertain
    /// Every connection is in use and as many callers as may are waiting already.
    case poolFull
    /// No connection came free in time.
    case poolTimedOut
    /// The pool is closed.
    case closed
    /// The caller gave up before a connection came free; nothing was begun.
    case cancelled
    /// Any other failure: see the state.
    case other
  }
}

extension PostgresError.Kind {
  /// What the server's name for a condition means to a caller.
  init(_ state: SQLState) {
    switch state.code {
    case "40001", "40P01", "72000": self = .serialization
    case "25006": self = .notPrimary
    case "57014", "55P03": self = .timedOut
    case "53300": self = .tooManyConnections
    case "53100": self = .diskFull
    case "42501": self = .permissionDenied
    case "3D000": self = .databaseMissing
    case "42P01", "42703", "3F000": self = .schemaMissing
    case "23505", "42P06", "42P07", "42710": self = .duplicate
    case "XX001", "XX002": self = .corrupt
    // The server ended the session: shut down, crashed, starting up, idle for too long.
    case "57P01", "57P02", "57P03", "57P04", "57P05", "25P03": self = .connectionLost
    default: self = Self.ofClass(state.classCode)
    }
  }

  private static func ofClass(_ code: Substring) -> Self {
    switch code {
    case "08": .connectionLost
    case "28": .permissionDenied
    case "40": .serialization
    default: .other
    }
  }

  /// Whether another attempt, on another connection, may succeed where this one did not.
  var isOfConnection: Bool {
    switch self {
    case .connectionLost, .cannotConnect, .notPrimary, .tooManyConnections, .commitUncertain: true
    default: false
    }
  }

  /// Whether the session is of no more use.
  var endsSession: Bool {
    switch self {
    case .connectionLost, .cannotConnect, .notPrimary, .unexpectedAnswer, .commitUncertain: true
    default: false
    }
  }
}

extension PostgresError: CustomStringConvertible {
  /// The failure in one line: names and codes, never a value that was sent or read.
  var description: String {
    var text = "PostgreSQL \(operation): \(kind)"
    if let state { text += ", state \(state.code)" }
    if let message { text += ", \(message)" }
    return text
  }
}
