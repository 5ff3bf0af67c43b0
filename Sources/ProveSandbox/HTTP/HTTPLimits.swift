#if Sandbox
  import ProveUnify

  /// What a client of the sandbox may cost, in one place.
  enum HTTPLimits {
    /// The longest request line and header fields together, in bytes.
    static let headBytes = 8192
    /// The most header fields.
    static let headers = 64
    /// A body has fewer bytes than this.
    static let bodyBytes = UnifyLimits.requestBytes
    /// How long a request may take to arrive, from its first byte, in seconds.
    static let requestSeconds = 10.0
    /// How long a connection may stay open between requests, in seconds.
    static let idleSeconds = 30.0
    /// How long an answer may take to be made and to be taken, in seconds.
    static let answerSeconds = 30.0
    /// How long, and how many bytes, of what a refused client still sends are taken, so that it reads
    /// the refusal rather than a reset.
    static let lingerSeconds = 2.0
    static let lingerBytes = 65_536
    /// How long stopping waits for what runs, in seconds.
    static let stopSeconds = 10.0
    /// The most connections at once; of more, each is told 503 and closed.
    static let connections = 2048
    /// How long the desktop's WebSocket stays open, in seconds.
    ///
    /// Source: Prove, current guide ("a WebSocket opens for 3 minutes").
    static let webSocketSeconds = Double(UnifyLimits.instantLinkSeconds)
    /// How often the WebSocket's end looks whether the link was answered, in milliseconds.
    static let webSocketLookMilliseconds = 250
    /// The longest frame that a client's WebSocket may send, in bytes: it has nothing to say.
    static let frameBytes = 125
    /// The most bytes that a client's WebSocket may send in all.
    static let webSocketBytes = 4096
    /// Requests a second of one client.
    ///
    /// Source: Prove, status and error codes ("25 requests per second").
    static let requestsPerSecond = 25
    /// How many clients' rates are remembered.
    static let remembered = 10_000
  }
#endif
