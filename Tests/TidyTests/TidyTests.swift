import Testing

@Suite("The source tree keeps the rules of the house")
struct TidyTests {
  private let tree: SourceTree

  init() throws {
    tree = try SourceTree()
    // A tree that was not found would keep every rule.
    try #require(tree.sources.count > 5)
    try #require(tree.files.contains { $0.path == "Package.swift" })
  }

  @Test("each C library is imported by one target")
  func importsOfC() {
    #expect(tree.swift.flatMap(ImportRules.importsOfC) == [])
  }

  @Test("each target imports from lower floors only")
  func floors() {
    #expect(tree.sources.flatMap(ImportRules.importsFromBelow) == [])
  }

  @Test("the model imports nothing")
  func model() {
    #expect(tree.sources.flatMap(ImportRules.modelImportsNothing) == [])
  }

  @Test("what goes into apps imports no third party")
  func thirdParties() {
    #expect(tree.sources.flatMap(ImportRules.noThirdParties) == [])
  }

  @Test("raw memory is touched on the lower floors only")
  func unsafe() {
    #expect(tree.sources.flatMap(ImportRules.noUnsafeAbove) == [])
  }

  @Test("no Swift file is too long to read in one sitting")
  func length() {
    #expect(tree.swift.flatMap(TextRules.length) == [])
  }

  @Test("unchecked sendability has its reason beside it")
  func uncheckedSendable() {
    #expect(tree.swift.flatMap(TextRules.uncheckedSendable) == [])
  }

  @Test("nothing traps on an error and nothing is left for later")
  func unfinished() {
    #expect(tree.swift.flatMap(TextRules.unfinished) == [])
  }

  @Test("no file names a folder of somebody's machine")
  func machinePaths() {
    #expect(tree.files.flatMap(TextRules.machinePaths) == [])
  }

  @Test("every document can be found from another page, and no link leads nowhere")
  func documents() {
    #expect(DocumentRules.unlinked(tree.files) == [])
    #expect(DocumentRules.broken(tree.files) == [])
  }
}
