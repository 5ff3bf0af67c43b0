/// What a browser says of itself, as far as the choice of the flow needs it.
///
/// The guide's first step: on a mobile browser the flow is `mobile`, elsewhere `desktop`.
public struct WebBrowser: Hashable, Sendable {
  /// The `User-Agent` header, or `navigator.userAgent`.
  public var userAgent: String?
  /// The client hint `Sec-CH-UA-Mobile`, or `navigator.userAgentData.mobile`.
  public var mobileHint: Bool?
  /// `navigator.maxTouchPoints`, which tells an iPad that calls itself a Mac from a Mac.
  public var maxTouchPoints: Int?

  /// States what a browser says.
  public init(
    userAgent: String?, mobileHint: Bool? = nil, maxTouchPoints: Int? = nil
  ) {
    self.userAgent = userAgent
    self.mobileHint = mobileHint
    self.maxTouchPoints = maxTouchPoints
  }

  /// Reads the headers of a request; `Sec-CH-UA-Mobile` is `?1` or `?0`.
  public init(header: (String) -> String?) {
    let hint = header("Sec-CH-UA-Mobile")
    self.init(
      userAgent: header("User-Agent"), mobileHint: hint == "?1" ? true : hint == "?0" ? false : nil)
  }

  /// Whether it is the browser of a phone, which has the number that is to be proven.
  ///
  /// Ours, where Prove does not say: a tablet is none, since an SMS seldom arrives on it; its flow is
  /// `desktop`. A hint that says mobile counts before the user agent: that of a desktop which shows
  /// itself as a phone is believed as well, since the person asked for it.
  public var isMobileWeb: Bool {
    if mobileHint == true { return true }
    guard let userAgent, userAgent.utf8.count <= UnifyLimits.userAgentBytes else { return false }
    if isTablet(userAgent) { return false }
    if mobileHint == false { return false }
    return ["iPhone", "iPod", "Windows Phone", "Mobile"].contains { userAgent.contains($0) }
  }

  /// The channel of the flow that fits.
  public var possessionType: String { isMobileWeb ? "mobile" : "desktop" }

  private func isTablet(_ userAgent: String) -> Bool {
    if userAgent.contains("iPad") || userAgent.contains("Tablet") { return true }
    if userAgent.contains("Macintosh"), (maxTouchPoints ?? 0) > 1 { return true }
    // Android's browsers leave the word Mobile out on tablets.
    return userAgent.contains("Android") && !userAgent.contains("Mobile")
  }
}
