public import ProveDeviceRegistry
import ProveKeyModel

/// An error as the wire gives it: a code, an HTTP status and a message without personal data.
///
/// Outcomes such as a wrong code or another number are not errors; they end with `success=false`.
@nonexhaustive
public enum UnifyError: Error, Equatable, Sendable {
  /// A field is missing or breaks its rules; its name.
  case invalidField(String)
  /// A request that cannot be read at all: no JSON object, or 4 KB and more.
  case malformedRequest
  /// More requests than a client may send; after so many seconds it may again.
  case rateLimited(retryAfterSeconds: Int)
  /// A call came before its turn, or after.
  case stepNotAllowed
  /// The authToken or authId is not one of ours, was used, or is too old.
  case unauthorized
  /// No flow has this correlationId.
  case invalidCorrelationID
  /// No test user has this number.
  case sandboxUserNotFound
  /// No consumer or device is known by this id.
  case identityNotFound
  /// The key was revoked (R9); the client has dropped it.
  case deviceRevoked
  /// The flow took longer than a session may.
  case sessionExpired
  /// The registry or its store failed; what it met.
  case registry(RegistryError)
  /// The server could not be reached, or its answer did not arrive; whether it did its part is not
  /// known. Start anew: a flow that did end can be asked for by unify-status.
  case connectionLost
  /// The server answered with an error that has no case of its own, or with what is no answer.
  case refused(httpStatus: Int, code: Int?)

  /// The wire's error code, where there is one.
  ///
  /// Source: Prove, status and error codes.
  public var code: Int? {
    switch self {
    case .invalidField: 1001
    case .malformedRequest: 8001
    case .rateLimited, .connectionLost: nil
    case .refused(_, let code): code
    case .stepNotAllowed: 1003
    case .unauthorized, .sessionExpired: 8002
    case .sandboxUserNotFound: 8007
    case .invalidCorrelationID: 8008
    case .identityNotFound: 8011
    case .deviceRevoked: 8019
    case .registry: 1000
    }
  }

  /// The HTTP status that goes with the code.
  ///
  /// Prove does not say which status 8007, 8008 and 8019 travel with; 400, 400 and 403 are ours.
  public var httpStatus: Int {
    switch self {
    case .invalidField, .malformedRequest, .sandboxUserNotFound, .invalidCorrelationID: 400
    case .unauthorized, .sessionExpired: 401
    case .stepNotAllowed, .deviceRevoked: 403
    case .identityNotFound: 404
    case .rateLimited: 429
    case .registry: 500
    case .connectionLost: 503
    case .refused(let status, _): status
    }
  }

  /// The wire's message; never an id, a number or a value.
  public var message: String {
    switch self {
    case .invalidField(let name): "field '\(name)' is missing or invalid"
    case .stepNotAllowed: "step not allowed"
    case .unauthorized: "not authorized"
    case .sessionExpired: "session expired"
    case .sandboxUserNotFound: "no test user found matching the phone number"
    case .invalidCorrelationID: "invalid correlation ID"
    case .identityNotFound: "Identity Not Found"
    case .deviceRevoked: "device has been revoked"
    case .malformedRequest: "malformed request: a JSON object of less than 4 KB is expected"
    case .rateLimited: "too many requests"
    case .registry: "error occurred"
    case .connectionLost: "the server could not be reached"
    case .refused: "the server refused"
    }
  }

  init(_ error: RegistryError) {
    switch error {
    case .deviceRevoked: self = .deviceRevoked
    case .unknownDevice: self = .identityNotFound
    default: self = .registry(error)
    }
  }

  init(_ error: ModelError) {
    switch error {
    case .malformed(let field): self = .invalidField(field)
    case .phoneNumber: self = .invalidField("phoneNumber")
    default: self = .registry(.model(error))
    }
  }
}
