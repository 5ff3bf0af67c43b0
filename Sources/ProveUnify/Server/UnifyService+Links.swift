import ProveKeyModel
import ProveKeyPlatform

// What the page that an Instant Link leads to reports.

extension UnifyService {
  /// Notes that the link of an SMS was opened; the waiting device goes on.
  /// - Parameter token: the token at the end of the link.
  /// - Returns: where the flow's request wants the browser to go on, if it says so.
  /// - Throws: ``UnifyError/unauthorized`` for a token that is not the flow's last, or is too old;
  ///   ``UnifyError/stepNotAllowed`` while the device asks for another SMS.
  @discardableResult
  public func openInstantLink(_ token: String) async throws(UnifyError) -> String? {
    try await answerLink(token) { $0.isOpened = true }
  }

  /// Notes that the person does not want what the link is for; the flow ends with `linkRefused`.
  /// - Throws: as ``openInstantLink(_:)``.
  public func refuseInstantLink(_ token: String) async throws(UnifyError) {
    try await answerLink(token) { $0.isRefused = true }
  }

  /// Whether a link still leads to a flow that waits for it.
  public func isOpen(instantLink token: String) async throws(UnifyError) -> Bool {
    guard let id = try await target(of: .link, token) else { return false }
    return isLast(token, of: try await session(id).0)
  }

  /// Whether the flow of a device still waits for its link, so that a page need not ask.
  /// - Throws: ``UnifyError/unauthorized`` for an authId that is not ours.
  public func waitsForLink(authID: String) async throws(UnifyError) -> Bool {
    guard let id = try await target(of: .authID, authID) else { throw .unauthorized }
    let session = try await session(id).0
    guard session.phase == .linkWait, !session.isExpired(at: clock.now) else { return false }
    return try await lookForLink(session) == .waiting
  }

  @discardableResult
  private func answerLink(
    _ token: String, _ change: (inout UnifySession.Sent) -> Void
  ) async throws(UnifyError) -> String? {
    guard let id = try await target(of: .link, token) else { throw .unauthorized }
    var isNoted = false
    let session = try await updating(id) { session throws(UnifyError) in
      guard self.isLast(token, of: session), var sent = session.sent else { throw .unauthorized }
      change(&sent)
      session.sent = sent
      isNoted = true
    }
    // Not noted while the device asks for another SMS, which makes this link worth nothing.
    guard isNoted else { throw .stepNotAllowed }
    return session.finalTargetURL
  }

  private func isLast(_ token: String, of session: UnifySession) -> Bool {
    guard session.phase == .linkWait, let sent = session.sent, sent.secret == token else {
      return false
    }
    return isTimely(sent, withinSeconds: UnifyLimits.instantLinkSeconds)
  }
}
