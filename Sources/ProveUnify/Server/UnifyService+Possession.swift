import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing

// The possession checks of a flow: Mobile Auth, a code in an SMS, a link in an SMS; attempts and
// timings by `UnifyLimits`.

extension UnifyService {
  // MARK: Mobile Auth

  func takeMobileAuth(
    _ session: inout UnifySession, _ token: String?
  ) async throws(UnifyError) -> DeviceStep {
    let expected = try number(session.phoneNumber)
    var result = MobileAuthResult.failed
    if let token {
      do {
        result = try await possession.mobileAuth(token: token, expecting: expected)
      } catch { result = .failed }  // a carrier that cannot be asked proves nothing
    }
    switch result {
    case .verified(let number) where (expected ?? number) == number:
      session.verifiedNumber = number.e164
      return try await fulfil(&session)
    case .verified, .failed:
      guard session.can(.otp) else {
        return try await end(&session, reason: "mobileAuthFailed", possessionFailed: true)
      }
      return try await startSMS(&session, .otpStart)
    case .refused:
      return try await end(&session, reason: "mobileAuthFailed", possessionFailed: true)
    }
  }

  // MARK: SMS

  /// Begins the SMS ways: asks for consent, and for a number where none is known.
  func startSMS(
    _ session: inout UnifySession, _ phase: UnifySession.Phase,
    _ problem: PhoneNumberEntryError? = nil,
    changing: Bool = false
  ) async throws(UnifyError) -> DeviceStep {
    let method: PossessionMethod = phase == .otpStart ? .otp : .instantLink
    guard session.can(method) else {
      return try await end(&session, reason: "noPossessionMethod", possessionFailed: true)
    }
    let isNeeded: Bool
    if changing || problem != nil {
      isNeeded = true
    } else {
      isNeeded = try await destination(of: session) == nil
    }
    if isNeeded, session.phoneNumberEntries >= UnifyLimits.phoneNumberEntries {
      return try await end(&session, reason: "phoneNumberEntriesExhausted", possessionFailed: true)
    }
    session.phase = phase
    session.asksForNumber = isNeeded
    session.possession = method.rawValue
    return method == .otp
      ? .startOTP(phoneNumberNeeded: isNeeded, problem)
      : .startInstantLink(phoneNumberNeeded: isNeeded, problem)
  }

  /// The person agrees to an SMS, and entered a number where one was asked for.
  func takeConsent(
    _ session: inout UnifySession, _ text: String?
  ) async throws(UnifyError) -> DeviceStep {
    let phase = session.phase
    if session.asksForNumber {
      session.phoneNumberEntries += 1
      // No number, or any broken rule, makes it malformed.
      guard let number = text.flatMap({ try? PhoneNumber($0) }) else {
        return try await startSMS(&session, phase, .malformed)
      }
      session.enteredNumber = number.e164
    }
    guard let number = try await destination(of: session) else {
      return try await startSMS(&session, phase, .malformed)
    }
    return try await sendSMS(&session, to: number)
  }

  func resend(_ session: inout UnifySession) async throws(UnifyError) -> DeviceStep {
    guard let number = try number(session.sent?.number) else { throw .stepNotAllowed }
    return try await sendSMS(&session, to: number)
  }

  func changeNumber(_ session: inout UnifySession) async throws(UnifyError) -> DeviceStep {
    session.sent = nil
    let phase: UnifySession.Phase = session.phase == .otpFinish ? .otpStart : .linkStart
    return try await startSMS(&session, phase, changing: true)
  }

  private func sendSMS(
    _ session: inout UnifySession, to number: PhoneNumber
  ) async throws(UnifyError) -> DeviceStep {
    guard session.smsSends < UnifyLimits.smsSends else {
      return try await end(
        &session, reason: "smsSendsExhausted", phoneNumber: number, possessionFailed: true)
    }
    let isCode = session.possession == PossessionMethod.otp.rawValue
    let secret: String
    if isCode {
      secret = possession.oneTimeCode(digitCount: session.codeDigits, for: number)
    } else {
      secret = newToken()
      try await point(.link, secret, to: session.correlationID)
    }
    session.smsSends += 1
    do {
      try await possession.send(
        session.smsText(with: secret, isCode: isCode, linkPage: linkPage), to: number)
    } catch {
      return try await startSMS(&session, isCode ? .otpStart : .linkStart, .undeliverable)
    }
    session.sent = UnifySession.Sent(
      number: number.e164, secret: secret, atMilliseconds: clock.now.millisecondsSinceEpoch)
    session.phase = isCode ? .otpFinish : .linkWait
    return isCode ? .finishOTP(nil) : .awaitInstantLink
  }

  /// The number that an SMS goes to: entered, named by the request, or known of its proveId.
  private func destination(of session: UnifySession) async throws(UnifyError) -> PhoneNumber? {
    if let entered = try number(session.enteredNumber) { return entered }
    if let named = try number(session.phoneNumber) { return named }
    guard let proveID = session.proveID.flatMap({ ProveID($0) }) else { return nil }
    return try await phoneNumber(of: proveID)
  }

  // MARK: Code and link

  func takeCode(
    _ session: inout UnifySession, _ code: String
  ) async throws(UnifyError) -> DeviceStep {
    guard let sent = session.sent, let number = try number(sent.number) else {
      throw .stepNotAllowed
    }
    guard isTimely(sent, withinSeconds: UnifyLimits.otpSeconds) else {
      return try await end(
        &session, reason: "otpExpired", phoneNumber: number, possessionFailed: true)
    }
    session.otpEntries += 1
    if code.utf8.count <= UnifyLimits.otpEntryCharacters, isEqual(code, sent.secret) {
      session.verifiedNumber = number.e164
      session.sent = nil
      return try await fulfil(&session)
    }
    let allowed =
      session.allowsOTPRetry
      ? UnifyLimits.otpEntriesWithRetry : UnifyLimits.otpEntriesWithoutRetry
    guard session.otpEntries < allowed else {
      return try await end(
        &session, reason: "otpFailed", phoneNumber: number, possessionFailed: true)
    }
    return .finishOTP(.incorrect)
  }

  /// Looks whether the link was opened or refused; nothing is changed.
  func lookForLink(_ session: UnifySession) async throws(UnifyError) -> LinkFinding {
    guard let sent = session.sent, let number = try number(sent.number) else {
      throw .stepNotAllowed
    }
    if sent.isRefused == true { return .refused }
    if sent.isOpened { return possession.acceptsLinkOpened(by: number) ? .opened : .refused }
    var result = InstantLinkResult.waiting
    do { result = try await possession.instantLink(sentTo: number) } catch {
      result = .waiting  // a provider that cannot be asked has not seen it opened
    }
    let isTimely = isTimely(sent, withinSeconds: UnifyLimits.instantLinkSeconds)
    return switch result {
    case .refused: .refused
    case .opened: isTimely ? .opened : .expired
    case .waiting: isTimely ? .waiting : .expired
    }
  }

  /// Goes on from what a look for the link has found.
  func takeLink(
    _ session: inout UnifySession, _ finding: LinkFinding
  ) async throws(UnifyError) -> DeviceStep {
    guard let number = try number(session.sent?.number) else { throw .stepNotAllowed }
    switch finding {
    case .waiting: return .awaitInstantLink
    case .refused:
      return try await end(
        &session, reason: "linkRefused", phoneNumber: number, possessionFailed: true)
    case .expired:
      return try await end(
        &session, reason: "linkExpired", phoneNumber: number, possessionFailed: true)
    case .opened:
      session.verifiedNumber = number.e164
      session.sent = nil
      return try await fulfil(&session)
    }
  }

  func isTimely(_ sent: UnifySession.Sent, withinSeconds seconds: Int64) -> Bool {
    let at = UTCInstant(millisecondsSinceEpoch: sent.atMilliseconds)
    return clock.now < at.adding(seconds: seconds)
  }

  /// Compares hashes, so that the time it takes tells nothing of the code.
  private func isEqual(_ left: String, _ right: String) -> Bool {
    Hashing.blake2b256(Array(left.utf8)) == Hashing.blake2b256(Array(right.utf8))
  }
}

/// What became of a link that was sent.
enum LinkFinding {
  case waiting, opened, refused, expired
}

extension UnifySession {
  /// How many digits the code has: as many as the text has `#`, else the default.
  fileprivate var codeDigits: Int {
    let count = smsMessage?.count { $0 == "#" } ?? 0
    return count == 0 ? UnifyLimits.otpDigits : count
  }

  /// The SMS with its code or link.
  fileprivate func smsText(with secret: String, isCode: Bool, linkPage: String?) -> String {
    let part = isCode ? secret : link(with: secret, linkPage)
    guard let smsMessage else {
      return isCode ? "\(part) is your verification code." : "Open this link to go on: \(part)"
    }
    let marks = smsMessage.filter { $0 == "#" }
    return marks.isEmpty
      ? "\(smsMessage) \(part)" : smsMessage.replacing(marks, with: part)
  }
  private func link(with secret: String, _ linkPage: String?) -> String {
    if let linkPage { return linkPage + secret }
    let target = finalTargetURL ?? ""
    return "\(target)\(target.contains("?") ? "&" : "?")token=\(secret)"
  }
}
