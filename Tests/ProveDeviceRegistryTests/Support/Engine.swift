import CampaignSupport
import ProveDeviceRegistry
import StoreTestSupport
import Testing

/// What a test's registry runs on.
enum Engine: Hashable, CustomStringConvertible {
  case sqlite
  case memory
  /// SQLite behind a store that hinders, by a seed.
  case hostile(seed: UInt64)

  /// The engine that the present test is run on.
  @TaskLocal static var current = Engine.sqlite

  var description: String {
    switch self {
    case .sqlite: "SQLite"
    case .memory: "memory"
    case .hostile(let seed): "hostile, seed \(seed)"
    }
  }

  /// The store as the engine has the registry meet it.
  func hinder(_ store: any RegistryStore) -> any RegistryStore {
    guard case .hostile(let seed) = self else { return store }
    return HostileStore(store, plan: .surmountable, seed: seed)
  }

  static let hostile = (1...(TestLength.isLong ? 20 : 2)).map { Engine.hostile(seed: $0) }
}

/// Runs each test of a suite on several engines, one after another.
struct EngineTrait: SuiteTrait, TestTrait, TestScoping {
  let engines: [Engine]
  var isRecursive: Bool { true }

  @concurrent func provideScope(
    for test: Test, testCase: Test.Case?,
    performing function: @Sendable @concurrent () async throws -> Void
  ) async throws {
    for engine in engines {
      try await TurnTrait.withTurn {
        try await Engine.$current.withValue(engine) { try await function() }
      }
    }
  }
}

extension Trait where Self == EngineTrait {
  /// Each test runs on SQLite, in memory and on a hostile store.
  static var onEveryEngine: Self { EngineTrait(engines: [.sqlite, .memory] + Engine.hostile) }

  /// Each test runs on SQLite and on a hostile store: it looks into the file.
  static var onEveryFile: Self { EngineTrait(engines: [.sqlite] + Engine.hostile) }
}

extension Trait where Self == IssueHandlingTrait {
  /// Says with an issue which engine it was met on.
  static var namingEngines: Self {
    .compactMapIssues { issue in
      var issue = issue
      issue.comments.append("on \(Engine.current)")
      return issue
    }
  }
}
