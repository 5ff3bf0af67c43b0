/// Why a flow ended without authentication, in words; the names are in `docs/flow.md`.
enum ReasonText {
  static func of(_ reason: String) -> String {
    switch reason {
    case "revoked": "the key was revoked"
    case "phoneMismatch": "the key is bound to, or possession was proven of, another phone number"
    case "identityMismatch": "the key belongs to, or possession was proven by, another consumer"
    case "suspended": "the key is suspended"
    case "clonedKey": "the key's counter went back: it may have been copied"
    case "planStale": "the registration changed while the flow ran"
    case "registrationCap": "no further registration is allowed"
    case "mobileAuthFailed": "Mobile Auth failed"
    case "otpFailed": "the code was wrong"
    case "otpExpired": "the code was entered too late"
    case "linkRefused": "the link was refused"
    case "linkExpired": "the link was not opened in time"
    case "smsSendsExhausted": "no further SMS is sent"
    case "phoneNumberEntriesExhausted": "no further phone number may be entered"
    case "noPossessionMethod": "the app has not set up the possession check that is needed"
    case "reputation": "the number's reputation is not good"
    case "cancelled": "the person gave up"
    case "sessionExpired": "the flow took too long"
    default: "the authentication failed"
    }
  }
}
