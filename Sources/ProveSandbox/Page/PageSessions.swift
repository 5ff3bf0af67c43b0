#if Sandbox
  import ProveKeyPlatform
  import ProveKeySealing

  /// Which flows each browser began, under the value of its cookie.
  ///
  /// Bounded, and gone with the process.
  final class PageSessions: Sendable {
    private struct Session {
      var flows: [String: String] = [:]
      var order: [String] = []
    }

    private struct State {
      var sessions: [String: Session] = [:]
      var order: [String] = []
    }

    /// How many browsers are remembered, and how many flows of each; the oldest go first.
    static let limit = 1000
    static let flowLimit = 16

    private let state = Locked(State())

    /// The value of a new browser's cookie.
    func begin() -> String {
      let cookie = Base64URL.encode(SecureRandom.bytes(24))
      state.withLock {
        $0.sessions[cookie] = Session()
        $0.order.append(cookie)
        if $0.order.count > Self.limit { $0.sessions[$0.order.removeFirst()] = nil }
      }
      return cookie
    }

    func isKnown(_ cookie: String) -> Bool { state.withLock { $0.sessions[cookie] != nil } }

    /// Keeps a flow's correlationId, which the browser does not get.
    /// - Returns: the name by which the browser refers to the flow.
    func add(_ correlationID: String, to cookie: String) -> String {
      let name = Base64URL.encode(SecureRandom.bytes(12))
      state.withLock {
        guard var session = $0.sessions[cookie] else { return }
        session.flows[name] = correlationID
        session.order.append(name)
        if session.order.count > Self.flowLimit {
          session.flows[session.order.removeFirst()] = nil
        }
        $0.sessions[cookie] = session
      }
      return name
    }

    /// The correlationId of a flow that this browser began.
    func correlationID(of flow: String, in cookie: String) -> String? {
      state.withLock { $0.sessions[cookie]?.flows[flow] }
    }
  }
#endif
