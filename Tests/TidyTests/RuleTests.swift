import Testing

@Suite("Each rule of the house can fail")
struct RuleTests {
  private func file(_ text: String, in target: String = "ProveKeyVault") -> SourceFile {
    SourceFile(path: "Sources/\(target)/Sample.swift", text: text)
  }

  @Test("imports are read whatever stands before and after the word")
  func imports() {
    let sample = file(
      """
      import Alpha
      public import Beta
        @testable import Gamma
      @_implementationOnly internal import struct Delta.Thing
      // import Comment
      let text = "import Literal"
      /* import Block */ import Epsilon
      """)
    #expect(sample.imports == ["Alpha", "Beta", "Gamma", "Delta", "Epsilon"])
  }

  @Test(
    "comments and literals are no code, interpolations are",
    arguments: [
      ("a // one \"two\nb", "a \nb"),
      ("/* b /* nested */ still\n */ c", "\n c"),
      ("\"d \\\" e\" f", "\"\" f"),
      ("\"x\\(g(\"h\", (1)))y\" z", "\"(g(\"\", (1)))\" z"),
      ("#\"i \" \\(j) \\#(k)\"# l", "\"(k)\" l"),
      ("x\n\"\"\"\n unsafe \"quoted\"\n\"\"\"\ny", "x\n\"\n\n\"\ny"),
      ("#if x\n\"open", "#if x\n\"\""),
    ])
  func stripping(text: String, code: String) {
    #expect(SwiftCode.strip(text) == code)
  }

  @Test(
    "a C library imported elsewhere is found",
    arguments: [
      ("CSodium", "SQLiteDatabase"), ("CSQLite", "ProveKeyVault"),
      ("CLibPQ", "ProveDeviceRegistry"),
    ])
  func importsOfC(module: String, target: String) {
    #expect(ImportRules.importsOfC(file("import \(module)", in: target)).count == 1)
    let test = SourceFile(path: "Tests/SampleTests/Sample.swift", text: "import \(module)")
    #expect(ImportRules.importsOfC(test).count == 1)
  }

  @Test("a C library imported by its own target is in order")
  func importsOfCInPlace() {
    #expect(ImportRules.importsOfC(file("import CSodium", in: "ProveKeySealing")) == [])
    #expect(ImportRules.importsOfC(file("import CSQLite", in: "SQLiteDatabase")) == [])
  }

  @Test(
    "an import from the same floor or above is found",
    arguments: [
      ("ProveKeyModel", "ProveKeyPlatform"), ("ProveKeyPlatform", "ProveKeySealing"),
      ("SQLiteDatabase", "ProveKeySealing"), ("ProveKeyVault", "ProveDeviceRegistry"),
      ("ProveDeviceRegistry", "ProveDeviceRegistryPostgres"), ("ProveKeyVault", "ProveUnify"),
      ("ProveUnify", "provekey"),
    ])
  func importsFromAbove(target: String, module: String) {
    let sample = file("public import \(module)", in: target)
    #expect(ImportRules.importsFromBelow(sample).count == 1)
  }

  @Test("an import from below is in order, and so is one that is allowed beside")
  func importsFromBelow() {
    let vault = file("import ProveKeyModel\nimport SQLiteDatabase\nimport Foundation")
    #expect(ImportRules.importsFromBelow(vault) == [])
    let sealing = file("import ProveKeyPlatform", in: "ProveKeySealing")
    #expect(ImportRules.importsFromBelow(sealing) == [])
  }

  @Test("a target without a floor is found")
  func unknownTarget() {
    #expect(ImportRules.importsFromBelow(file("", in: "NewTarget")).count == 1)
  }

  @Test("an import in the model is found", arguments: ["Foundation", "Glibc", "CSodium"])
  func modelImports(module: String) {
    let sample = file("import \(module)", in: "ProveKeyModel")
    #expect(ImportRules.modelImportsNothing(sample).count == 1)
    #expect(ImportRules.modelImportsNothing(file("import \(module)")) == [])
  }

  @Test("a third party module in the vault is found")
  func thirdParty() {
    #expect(ImportRules.noThirdParties(file("import Logging\nimport Crypto")).count == 2)
    #expect(ImportRules.noThirdParties(file("import Glibc\nimport ProveKeyModel")) == [])
    let registry = file("import Logging", in: "ProveDeviceRegistry")
    #expect(ImportRules.noThirdParties(registry) == [])
  }

  @Test(
    "raw memory above floor 2 is found",
    arguments: [
      "let x = unsafe f()", "var p: UnsafeRawPointer?", "var p: UnsafeMutableBufferPointer<Int>",
      "var p: OpaquePointer", "x.withUnsafeBytes { }", "\"\\(unsafe f())\"",
      "nonisolated(unsafe) var x = 1", "unsafeBitCast(x, to: Int.self)",
    ])
  func unsafe(line: String) {
    #expect(ImportRules.noUnsafeAbove(file("import A\n\(line)")).count == 1)
    #expect(ImportRules.noUnsafeAbove(file(line, in: "SQLiteDatabase")) == [])
    #expect(ImportRules.noUnsafeAbove(file(line, in: "ProveKeyStoreC")) == [])
  }

  @Test("the word unsafe in a comment or a text is in order")
  func unsafeWords() {
    #expect(ImportRules.noUnsafeAbove(file("// unsafe\nlet x = \"unsafe\"")) == [])
  }

  @Test("a file over the limit is found")
  func length() {
    let limit = TextRules.lineLimit
    #expect(TextRules.length(file(String(repeating: "x\n", count: limit))) == [])
    #expect(TextRules.length(file(String(repeating: "x\n", count: limit + 1))).count == 1)
  }

  @Test("unchecked sendability without a reason is found")
  func uncheckedSendable() {
    let words = "@unchecked" + " Sendable"
    #expect(TextRules.uncheckedSendable(file("final class A: \(words) {")).count == 1)
    #expect(TextRules.uncheckedSendable(file("final class A: \(words) {  //")).count == 1)
    #expect(
      TextRules.uncheckedSendable(file("final class A: \(words) {  // the mutex guards it")) == [])
    #expect(TextRules.uncheckedSendable(file("// \(words)")) == [])
  }

  @Test(
    "what traps on an error or is left for later is found",
    arguments: [
      "try" + "! f()", "// TO" + "DO: later", "let x = 1  // FIX" + "ME",
      "fatalError(" + "\"not implemented\")",
    ])
  func unfinished(line: String) {
    #expect(TextRules.unfinished(file("let a = 1\n\(line)")).count == 1)
    #expect(TextRules.unfinished(file("// try" + "! in a comment")) == [])
  }

  @Test(
    "a path of a machine is found",
    arguments: [
      "see /ho" + "me/someone/x", "(/ro" + "ot/x)", "cd /Us" + "ers/a", "/ho" + "me/a",
    ])
  func machinePaths(line: String) {
    #expect(TextRules.machinePaths(file(line)).count == 1)
  }

  @Test("a longer path that ends alike is in order")
  func otherPaths() {
    #expect(TextRules.machinePaths(file("docs/ho" + "me/plan and $HOME/ro" + "ot/x")) == [])
  }

  @Test("a document that no page links to is found")
  func unlinked() {
    let readme = SourceFile(path: "README.md", text: "See [a](docs/a.md#part).")
    let first = SourceFile(path: "docs/a.md", text: "See [b](./more/b.md) and [me](a.md).")
    let second = SourceFile(path: "docs/more/b.md", text: "Back to [a](../a.md).")
    let third = SourceFile(path: "docs/c.md", text: "[c](c.md) is linked by itself only.")
    #expect(DocumentRules.unlinked([readme, first, second]) == [])
    #expect(
      DocumentRules.unlinked([readme, first, second, third])
        == ["docs/c.md: no other page links to it"])
  }

  @Test("a link that leads nowhere is found")
  func broken() {
    let target = SourceFile(path: "Sources/A/B.swift", text: "")
    let readme = SourceFile(
      path: "README.md",
      text: "[a](Sources/A/B.swift) [b](Sources/A/) [c](https://x.example/y.md) [d](docs/no.md)")
    #expect(
      DocumentRules.broken([readme, target])
        == ["README.md: the link to docs/no.md leads nowhere"])
  }
}
