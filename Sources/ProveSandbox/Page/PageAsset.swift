#if Sandbox
  /// The page's files, which are part of the program.
  struct PageAsset {
    let type: String
    let bytes: [UInt8]

    /// The names that the page's files are asked by.
    static let names = [
      "app.js", "back-end.js", "key-store.js", "prove-auth.js", "steps.js", "views.js", "wire.js",
      "style.css", "icon.svg",
    ]

    /// The page itself, in which `{{nonce}}` stands for the nonce.
    static var page: String { String(decoding: PackageResources.index_html, as: UTF8.self) }

    /// A file of the page.
    init?(named name: some StringProtocol) {
      let script: [UInt8]? =
        switch name {
        case "app.js": PackageResources.app_js
        case "back-end.js": PackageResources.back_end_js
        case "key-store.js": PackageResources.key_store_js
        case "prove-auth.js": PackageResources.prove_auth_js
        case "steps.js": PackageResources.steps_js
        case "views.js": PackageResources.views_js
        case "wire.js": PackageResources.wire_js
        default: nil
        }
      switch name {
      case "style.css": self.init(type: "text/css; charset=utf-8", PackageResources.style_css)
      case "icon.svg": self.init(type: "image/svg+xml", PackageResources.icon_svg)
      default:
        guard let script else { return nil }
        self.init(type: "text/javascript; charset=utf-8", script)
      }
    }

    private init(type: String, _ bytes: [UInt8]) {
      self.type = type
      self.bytes = bytes
    }
  }
#endif
