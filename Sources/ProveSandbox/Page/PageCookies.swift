#if Sandbox
  /// The cookies of the page's back end.
  ///
  /// No script sees them, and they are the server's: what browsers delete of the storage that scripts
  /// write leaves them alone, which is why the deviceId of a success is kept there.
  struct PageCookies {
    /// Which browser it is.
    static let session = "provekey_session"
    /// The deviceId of the last success.
    static let device = "provekey_device"

    private var values: [String: String] = [:]

    init(_ request: HTTPRequest) {
      for part in (request.header("Cookie") ?? "").split(separator: ";") {
        let pair = part.split(separator: "=", maxSplits: 1)
        guard pair.count == 2 else { continue }
        values[pair[0].drop { $0 == " " }.description] = String(pair[1])
      }
    }

    subscript(name: String) -> String? { values[name] }

    /// Whether the browser sends any of them.
    var isEmpty: Bool { values[Self.session] == nil && values[Self.device] == nil }

    /// The header that sets a cookie for half a year.
    static func set(_ name: String, _ value: String, secure: Bool) -> (String, String) {
      (
        "Set-Cookie",
        "\(name)=\(value); Path=/; Max-Age=15552000; HttpOnly; SameSite=Strict"
          + (secure ? "; Secure" : "")
      )
    }
  }
#endif
