package import Testing

/// Lets few tests run at a time, over all suites that have it.
///
/// A registry holds a dozen files open, and tests that wait for one another's turn at the
/// processor would otherwise hold thousands; more than a process may have by default, and more
/// than Foundation's `Process` stands when it starts a child.
package struct TurnTrait: SuiteTrait, TestTrait, TestScoping {
  package var isRecursive: Bool { true }

  @concurrent package func provideScope(
    for test: Test, testCase: Test.Case?,
    performing function: @Sendable @concurrent () async throws -> Void
  ) async throws {
    try await Self.withTurn(function)
  }

  /// Runs a test when it is its turn.
  @concurrent package static func withTurn(
    _ test: @Sendable @concurrent () async throws -> Void
  ) async throws {
    await Turns.shared.take()
    do {
      try await test()
      await Turns.shared.giveBack()
    } catch {
      await Turns.shared.giveBack()
      throw error
    }
  }
}

extension Trait where Self == TurnTrait {
  /// Each test waits for its turn: it has a registry open.
  package static var inTurn: Self { TurnTrait() }
}

/// Turns of which there are few at a time, in the order they were asked for.
private actor Turns {
  static let shared = Turns()

  private var free = 16
  private var waiting: [CheckedContinuation<Void, Never>] = []

  func take() async {
    if free > 0 { free -= 1 } else { await withCheckedContinuation { waiting.append($0) } }
  }

  func giveBack() {
    if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
  }
}
