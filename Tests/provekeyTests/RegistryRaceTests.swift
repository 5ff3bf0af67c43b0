import StoreTestSupport
import Testing

/// Q11 between two processes on one file.
@Suite("Two processes on one registry")
struct RegistryRaceTests {
  @Test("of what excludes each other exactly one takes effect, and a revocation always does")
  func races() throws {
    let program = try Program()
    let target = [
      "--store", "sqlite:\(program.path("registry.sqlite"))", "--key-file",
      program.path("registry.key"),
    ]
    try program.run(["registry", "init", "--create-key-file"] + target).expectSuccess()
    let races = try ProcessRaces(target)
    try races.run(rounds: TestLength.isLong ? 200 : 8)
    #expect(races.problems == [])
    #expect(races.wins.reduce(0, +) > 0)
    try program.remove()
  }
}
