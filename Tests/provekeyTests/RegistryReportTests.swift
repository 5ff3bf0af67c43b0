import Foundation
import Testing

@Suite("The registry's report")
struct RegistryReportTests {
  @Test("the page needs nothing else, names nobody, and has a table beside each plot")
  func page() throws {
    let program = try Program()
    let target = ["--store", "sqlite:r.sqlite", "--key-file", "r.key", "--tenant", "a<b&c"]
    try program.run(["registry", "init", "--create-key-file"] + target).expectSuccess()
    try program.run(
      ["registry", "generate", "--count", "3000", "--until", "2026-01-31"] + target
    ).expectSuccess()
    try program.run(
      ["registry", "shell"] + target,
      input: """
        {"op":"device.new","deviceId":"d"}
        {"op":"decide","request":{"channel":"mobile"},"device":"d"}
        {"op":"complete","device":"d","possession":{"phoneNumber":"+12001004014"}}
        {"op":"suspend","deviceId":"d"}
        {"op":"decide","request":{"channel":"mobile"},"device":"d"}
        """
    ).expectSuccess()
    let run = try program.run(["registry", "report", "--output", "r.html", "--json"] + target)
    run.expectSuccess()
    let page = try String(contentsOfFile: program.path("r.html"), encoding: .utf8)
    #expect(page.contains("a&lt;b&amp;c") && !page.contains("a<b"))
    let plots = page.components(separatedBy: "<svg ").count - 1
    #expect(plots == 5)
    #expect(page.components(separatedBy: "<desc ").count - 1 == plots)
    #expect(page.components(separatedBy: "<title id=").count - 1 == plots)
    #expect(page.components(separatedBy: "<table>").count - 1 >= plots)
    for word in ["http:", "https:", "<script", "src=", "@import", "url("] {
      #expect(!page.contains(word), "\(word)")
    }
    #expect(page.contains("prefers-color-scheme: dark"))
    #expect(!page.contains("+11") && !page.contains("customer-") && !page.contains("2001004014"))
    // The numbers are those of the registry.
    let stats = try #require(
      try program.run(["registry", "stats", "--json"] + target).objects().first)
    for state in ["placed", "bound", "unbound", "revoked", "suspended", "disconnected"] {
      guard case .number(let count)? = stats[state] else {
        Issue.record("no \(state)")
        return
      }
      let cell =
        count >= 1000 ? "\(count / 1000),\(String(format: "%03d", count % 1000))" : "\(count)"
      #expect(page.contains("<th scope=\"row\">\(state)</th><td>\(cell)</td>"), "\(state)")
    }
    #expect(page.contains("1 decisions whose facts are kept"))
    let mode = try FileManager.default.attributesOfItem(
      atPath: program.path("r.html"))[.posixPermissions]
    #expect(mode as? Int == 0o600)
    #expect(
      try program.run(["registry", "report", "--output", "r.html"] + target).status == 1,
      "nothing is overwritten")
    try program.remove()
  }
}
