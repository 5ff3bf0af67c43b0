import Foundation
import PostgresTestSupport
import ProveDeviceRegistry
import ProveKeySealing
import StoreTestSupport
import Testing

@testable import ProveDeviceRegistryPostgres

/// Campaign Q10 on a cluster that elects its leader by itself: `make test-failover`.
@Suite("A PostgreSQL cluster of three", .serialized, .enabled(if: TestLength.isLong))
struct FailoverTests {
  /// How a leader is lost.
  enum Loss: String, CaseIterable, CustomTestStringConvertible {
    /// Its machine is gone.
    case killed
    /// It reaches neither etcd nor its replicas, though clients reach it.
    case partitioned

    var testDescription: String { rawValue }
  }

  private static let rounds = 2

  @Test(
    "its leader lost under clients who write and look up, every acknowledged write is there once")
  func lost() async throws {
    let cluster = try await PatroniCluster()
    var leader = try await cluster.healthyLeader()
    #expect(leader.value("CREATE DATABASE registry") == "")
    let address = cluster.address(database: "registry")
    let key = try RawKey.random()
    var options = PostgresStoreOptions()
    // An election takes as long as the lease of the leader that is gone: 20 seconds and some.
    options.retryWindowMilliseconds = 180_000
    options.attemptLimit = 100_000
    let store = try await PostgresRegistryStore.open(
      address, unlock: .rawKey(key), options: options)

    let clients = Clients()
    var elections: [(Loss, Duration)] = []
    let tally = try await clients.run(8, lookUps: 2, on: store) {
      for _ in 0..<Self.rounds {
        for loss in Loss.allCases {
          try await clients.acknowledged(100, within: .seconds(60), on: cluster)
          let former = leader
          print("\(loss): node \(former.number)")
          let start = ContinuousClock.now
          switch loss {
          case .killed: try former.kill()
          case .partitioned: former.isolate(true)
          }
          leader = try await cluster.leader(after: former)
          try await clients.acknowledged(100, within: .seconds(120), on: cluster)
          elections.append((loss, ContinuousClock.now - start))
          if loss == .partitioned {
            former.isolate(false)
            try former.kill()
          }
          try former.replace()
          leader = try await cluster.healthyLeader()
        }
      }
      try await clients.acknowledged(100, within: .seconds(60), on: cluster)
    }
    print("lost leaders, and how long until 100 writes more: \(elections)")
    print("acknowledged \(tally.acknowledged.values.reduce(0, +)), looked up \(tally.lookUps)")
    #expect(elections.count == 2 * Self.rounds)
    #expect(tally.acknowledged.count == 8 && tally.lookUps > 0)
    #expect(try await tally.differences(in: store) == [])
    #expect(try await StoreFixture.digestsAgree(store))
    try await store.close()
  }
}

extension Clients {
  /// Waits until so many more batches have been acknowledged.
  fileprivate func acknowledged(
    _ count: UInt64, within limit: Duration, on cluster: PatroniCluster
  ) async throws {
    let (before, start) = (acknowledgedCount, ContinuousClock.now)
    while acknowledgedCount < before + count {
      guard ContinuousClock.now - start < limit else {
        throw ShellError(description: "nobody can write any more: \(summary)\n\(cluster.report)")
      }
      try await Task.sleep(for: .milliseconds(50))
    }
  }
}
