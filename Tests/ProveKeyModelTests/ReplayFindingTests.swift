import ProveKeyModel
import Testing

/// What counter and vault state say of copies (D3).
struct ReplayFindingTests {
  /// A key whose highest counter is 100, used before at 98, from a vault at generation 7.
  private func seenKey() throws -> KeyRegistration {
    try Sample.bound()
      .noting(Sample.assertion(counter: 98, generation: 6))
      .noting(Sample.assertion(counter: 100, generation: 7))
  }

  private func finding(
    counter: UInt64?, generation: UInt64? = nil, digest: UInt8 = 9, key: KeyRegistration? = nil
  ) throws -> ReplayFinding {
    let assertion = try Sample.assertion(counter: counter, generation: generation, digest: digest)
    return KeyRules.finding(on: assertion, for: try key ?? seenKey())
  }

  @Test("a key that has shown no counter is exempt, and its first counter is fresh")
  func noCounter() throws {
    let key = try Sample.bound()
    #expect(try finding(counter: nil, key: key) == .fresh)
    #expect(try finding(counter: nil, generation: 1, key: key) == .fresh)
    #expect(try finding(counter: 0, key: key) == .fresh)
    #expect(try finding(counter: .max, generation: 1, key: key) == .fresh)
  }

  @Test("a key that counts is not exempt: leaving the counter out counts as a regression")
  func counterLeftOut() throws {
    #expect(try finding(counter: nil) == .counterRegression)
    #expect(try finding(counter: nil, generation: 7) == .counterRegression)
    #expect(try finding(counter: nil, generation: 8) == .counterRegression)
  }

  @Test("a key that lives in a vault is not exempt: leaving the vault's state out means a copy")
  func vaultLeftOut() throws {
    #expect(try finding(counter: 101) == .forkedVault)
    #expect(try finding(counter: 99) == .forkedVault)
  }

  @Test("a higher counter with the generation in step is fresh")
  func fresh() throws {
    #expect(try finding(counter: 101, generation: 7) == .fresh)
    #expect(try finding(counter: 101, generation: 8, digest: 1) == .fresh)
  }

  @Test("two tabs may race: an unused counter in the window is fresh whatever its generation")
  func racing() throws {
    #expect(try finding(counter: 99, generation: 6) == .fresh)
    #expect(try finding(counter: 99, generation: 5) == .fresh)
    #expect(try finding(counter: 36, generation: 1) == .fresh)
  }

  @Test("each value in the window is accepted once")
  func once() throws {
    let key = try seenKey()
    #expect(try finding(counter: 99, generation: 7, key: key) == .fresh)
    let noted = try key.noting(Sample.assertion(counter: 99, generation: 7))
    #expect(try finding(counter: 99, generation: 7, key: noted) == .forkedVault)
  }

  @Test("a counter below the window is a regression, from a vault or not")
  func belowWindow() throws {
    #expect(try finding(counter: 35) == .counterRegression)
    #expect(try finding(counter: 35, generation: 7) == .counterRegression)
  }

  @Test("a counter given out twice means a forked vault, or a regression outside a vault")
  func givenOutTwice() throws {
    for counter: UInt64 in [98, 100] {
      #expect(try finding(counter: counter) == .counterRegression)
      #expect(try finding(counter: counter, generation: 8) == .forkedVault)
      #expect(try finding(counter: counter, generation: 7) == .forkedVault)
    }
  }

  @Test("a higher counter from an older generation means that an old vault was put back")
  func stale() throws {
    #expect(try finding(counter: 101, generation: 6) == .staleVault)
    #expect(try finding(counter: 500, generation: 0) == .staleVault)
  }

  @Test("a generation seen with another digest means two copies, whatever the counter")
  func forked() throws {
    for counter: UInt64 in [35, 98, 99, 100, 101] {
      #expect(try finding(counter: counter, generation: 7, digest: 1) == .forkedVault)
    }
  }

  @Test("the vault's high-water mark only rises; counters are noted in any order")
  func highWaterMark() throws {
    let key = try seenKey().noting(Sample.assertion(counter: 99, generation: 6, digest: 1))
    #expect(key.vaultState?.generation == 7)
    #expect(key.vaultState?.digest == Array(repeating: 9, count: 32))
    #expect(key.replayWindow?.highest == 100)
    #expect(key.replayWindow?.verdict(on: 99) == .used)
    let raised = try key.noting(Sample.assertion(counter: 101, generation: 9, digest: 1))
    #expect(raised.vaultState?.generation == 9)
    #expect(raised.vaultState?.digest == Array(repeating: 1, count: 32))
  }

  @Test("an assertion without a counter leaves nothing to note")
  func nothingToNote() throws {
    let key = try seenKey()
    #expect(try key.noting(Sample.assertion(counter: nil)) == key)
  }

  @Test("a new key is not judged by the counter and vault of the old one (R13)")
  func afterRekey() throws {
    let rekeyed = try seenKey().rekeyed(Sample.publicKey(2))
    #expect(try finding(counter: 1, generation: 1, digest: 1, key: rekeyed) == .fresh)
  }
}
