/// Every limit and timing of the flow, in one place, each with its source.
public enum UnifyLimits: Sendable {
  /// How long an authToken may be used, and a flow may take, in seconds.
  ///
  /// Source: Prove, `authToken` ("expires after 15 minutes").
  public static let sessionSeconds: Int64 = 15 * 60
  /// How long an integrator's access token is good for, in seconds.
  ///
  /// Source: Prove, implementation guide ("60 minutes").
  public static let accessTokenSeconds: Int64 = 60 * 60
  /// The longest that any token is good for, in seconds.
  public static let tokenSeconds = max(sessionSeconds, accessTokenSeconds)
  /// How long a key signs tokens before a new one is made, in seconds: 30 days.
  ///
  /// Ours.
  public static let tokenKeySeconds: Int64 = 30 * 24 * 60 * 60
  /// How many keys that signed tokens are kept at most; of more, made within an hour, the oldest
  /// ones' tokens are void.
  ///
  /// Ours.
  public static let tokenKeys = 16
  /// The longest token that is looked at, in bytes.
  ///
  /// Ours.
  public static let tokenBytes = 1024
  /// A request's body has fewer bytes than this.
  ///
  /// Source: Prove, error 8001 ("under 4 KB").
  public static let requestBytes = 4096
  /// The longest user agent that is looked at, in bytes.
  ///
  /// Ours.
  public static let userAgentBytes = 1024
  /// How long the client waits for Device Context once it needs it, in seconds.
  ///
  /// Ours; without it the flow goes on as if there were none (D11).
  public static let deviceContextSeconds: Int64 = 5
  /// How long the vendor's word on a visitor may be redeemed, in seconds.
  ///
  /// Ours.
  public static let contextTokenSeconds: Int64 = 15 * 60
  /// The longest word of a Device Context vendor, and the longest public key, in bytes.
  ///
  /// Ours.
  public static let contextTokenBytes = 1024
  /// How long after the SMS a one-time code is accepted, in seconds.
  ///
  /// Source: Prove, "two minutes".
  public static let otpSeconds: Int64 = 2 * 60
  /// How long after the SMS an Instant Link is accepted, in seconds.
  ///
  /// Source: Prove, current guide ("a WebSocket opens for 3 minutes"); older pages say 5.
  public static let instantLinkSeconds: Int64 = 3 * 60
  /// How often the client asks whether the link was opened, in milliseconds.
  public static let instantLinkPollMilliseconds = 1000
  /// SMS sends in one flow, the first included.
  ///
  /// Source: Prove, "up to three send attempts".
  public static let smsSends = 3
  /// Entries of a phone number in one flow.
  ///
  /// Source: Prove, "up to three entries".
  public static let phoneNumberEntries = 3
  /// Entries of a code when the request allows retries.
  ///
  /// Source: Prove, `allowOTPRetry`.
  public static let otpEntriesWithRetry = 3
  /// Entries of a code otherwise.
  public static let otpEntriesWithoutRetry = 1
  /// Keys that a device may present in one flow: one that awaits the server's answer, and the one
  /// before it.
  ///
  /// Ours.
  public static let keyPresentations = 2
  /// How long a step may take before the device may try it again, in seconds.
  ///
  /// Ours; matters only when a server stopped in the middle of one.
  public static let stepSeconds: Int64 = 60
  /// Digits of a code when the text does not say.
  public static let otpDigits = 6
  /// The longest `smsMessage`, in characters.
  ///
  /// Source: Prove server SDK field docs.
  public static let smsMessageCharacters = 160
  /// The longest `finalTargetUrl`, in characters.
  ///
  /// Source: Prove server SDK field docs.
  public static let finalTargetURLCharacters = 128
  /// The longest `emailAddress` and `ipAddress`, in characters.
  ///
  /// Ours.
  public static let contactCharacters = 254
  /// The longest entry of a code that is looked at, in characters.
  ///
  /// Ours.
  public static let otpEntryCharacters = 16
  /// How many days the outcome of a flow can be asked for.
  ///
  /// Ours.
  public static let outcomeDays: Int64 = 2
}
