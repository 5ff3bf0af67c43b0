import Dispatch
import Foundation
import ProveKeyPlatform
import Testing

@testable import ProveKeyVault

@Suite("transactions side by side")
struct DatabaseTurnTests {
  let fixture: VaultFixture

  init() throws { fixture = try VaultFixture() }

  /// Runs `body` on as many threads as asked for, and waits for all; the errors that they threw.
  private func threads(
    _ count: Int, _ body: @escaping @Sendable (Int) throws -> Void
  ) -> [any Error] {
    let errors = Locked<[any Error]>([])
    let group = DispatchGroup()
    for number in 0..<count {
      group.enter()
      Thread.detachNewThread {
        do { try body(number) } catch { errors.withLock { $0.append(error) } }
        group.leave()
      }
    }
    group.wait()
    return errors.withLock { $0 }
  }

  /// Waits until `condition` holds: others need as long as they need.
  private func wait(until condition: () -> Bool) {
    while !condition() { sched_yield() }
  }

  private func makeDatabase(_ vault: KeyVault) throws -> Database {
    try vault.database("d", for: shop) { upgrade throws in
      try upgrade.createStore("s")
      try upgrade.createStore("t")
    }
  }

  @Test("two readers of a store are in their transactions at once (I5)")
  func readersTogether() throws {
    let database = try makeDatabase(fixture.open())
    let inside = [DispatchSemaphore(value: 0), DispatchSemaphore(value: 0)]
    let errors = threads(2) { number in
      try database.read("s") { transaction throws in
        _ = try transaction.onlyStore.count()
        inside[number].signal()
        // Were they in turn, the other one could not come in before this one has left.
        #expect(inside[1 - number].wait(timeout: .now() + 60) == .success)
      }
    }
    #expect(errors.isEmpty)
  }

  @Test("writers of a store are in their transactions one after another, and lose no update (I5)")
  func writersInTurn() throws {
    let vault = try fixture.open()
    let database = try makeDatabase(vault)
    try database.write("s") { try $0.put(.number(0), key: .number(0)) }
    let inside = Locked(0)
    let errors = threads(4) { number in
      for _ in 0..<25 {
        try database.write(number == 0 ? ["s", "t"] : ["s"] as [String], isolated: inside)
      }
    }
    #expect(errors.isEmpty)
    #expect(try database.read("s") { try $0.get(.number(0)) } == .number(100))
    #expect(try vault.verify().isSound)
  }

  @Test("who came first goes first: a reader does not pass a writer that waits (I5)")
  func order() throws {
    let gate = DatabaseGate()
    let room = try fixture.open().withRing { ring throws(VaultError) in
      try DatabaseRoom(shop, [], ring.databases.keys)
    }
    let name = DatabaseGate.Name(room)
    let reading = DatabaseGate.Scope(name: name, stores: [1], isWriting: false)
    let writing = DatabaseGate.Scope(name: name, stores: [1, 2], isWriting: true)
    let first = try gate.enter(reading)
    let seen = Locked<[String]>([])
    let group = DispatchGroup()
    for (count, scope) in [writing, reading].enumerated() {
      group.enter()
      Thread.detachNewThread {
        let claim = try? gate.enter(scope)  // never refused: this thread holds nothing else
        seen.withLock { $0.append(scope.isWriting ? "writer" : "reader") }
        if let claim { gate.leave(claim) }
        group.leave()
      }
      wait { gate.waitingCount == count + 1 }
    }
    // A reader of a store that nobody waits for does not wait either.
    let other = try gate.enter(DatabaseGate.Scope(name: name, stores: [3], isWriting: true))
    #expect(seen.withLock { $0 }.isEmpty)
    gate.leave(other)
    gate.leave(first)
    group.wait()
    #expect(seen.withLock { $0 } == ["writer", "reader"])
  }

  @Test("a transaction inside another one that would wait for itself is refused (I5)")
  func nested() throws {
    let vault = try fixture.open()
    let database = try makeDatabase(vault)
    try database.write("s") { transaction throws in
      try transaction.put(.number(1), key: .number(1))
      #expect(try fault { try database.write("s") { _ in } } == .invalidState)
      #expect(try fault { try database.read("t", "s") { _ in } } == .invalidState)
      try database.write("t") { try $0.put(.number(2), key: .number(2)) }
    }
    try database.read("s") { transaction throws in
      #expect(try fault { try database.write("s") { _ in } } == .invalidState)
      #expect(try database.read("s") { try $0.get(.number(1)) } == .number(1))
    }
    #expect(try database.read("t") { try $0.get(.number(2)) } == .number(2))
    let inner = try fault {
      _ = try vault.database("e", for: shop) { _ in _ = try vault.database("e", for: shop) }
    }
    #expect(inner == .invalidState)
  }

  @Test("of two transactions that would wait for each other, one is refused (I5)")
  func crossed() throws {
    let database = try makeDatabase(fixture.open())
    let inside = [DispatchSemaphore(value: 0), DispatchSemaphore(value: 0)]
    let errors = threads(2) { number in
      let names = number == 0 ? ["s", "t"] : ["t", "s"]
      try database.write(names[0]) { _ in
        inside[number].signal()
        #expect(inside[1 - number].wait(timeout: .now() + 60) == .success)
        try database.write(names[1]) { _ in }
      }
    }
    #expect(errors.count == 1)
    #expect(errors.first as? VaultError == .database(.invalidState))
  }

  @Test("a transaction inside another one waits for those that do not wait for it (I5)")
  func nestedWaiting() throws {
    let gate = DatabaseGate()
    let room = try fixture.open().withRing { ring throws(VaultError) in
      try DatabaseRoom(shop, [], ring.databases.keys)
    }
    @Sendable func scope(_ stores: Set<UInt64>) -> DatabaseGate.Scope {
      DatabaseGate.Scope(name: DatabaseGate.Name(room), stores: stores, isWriting: true)
    }
    let refused = Locked(false)
    let (holds, outer) = (DispatchSemaphore(value: 0), Locked(UInt64(0)))
    let errors = threads(3) { number in
      switch number {
      case 0:
        // Holds the second store until the two others wait.
        let claim = try gate.enter(scope([2]))
        holds.signal()
        while gate.waitingCount < 2, !refused.withLock({ $0 }) { sched_yield() }
        gate.leave(claim)
      case 1:
        // Waits for both stores.
        while outer.withLock({ $0 }) == 0 { sched_yield() }
        gate.leave(try gate.enter(scope([1, 2])))
      default:
        // Holds the first store, and wants the second one after the other has come for both.
        holds.wait()
        let claim = try gate.enter(scope([1]))
        outer.withLock { $0 = claim }
        while gate.waitingCount < 1 { sched_yield() }
        defer { gate.leave(claim) }
        do {
          gate.leave(try gate.enter(scope([2])))
        } catch {
          refused.withLock { $0 = true }
          throw error
        }
      }
    }
    #expect(errors.isEmpty)
    #expect(gate.waitingCount == 0)
  }

  // MARK: Several vault objects

  @Test(
    "a write on stores that another vault object has changed is a conflict, and changes nothing (I6)"
  )
  func writeConflict() throws {
    let vaults = try (0..<2).map { _ in try fixture.open(mode: .shared) }
    let one = try makeDatabase(vaults[0])
    let other = try vaults[1].database("d", for: shop)
    let early = try fault {
      try one.write("s") { transaction throws in
        try transaction.put(.number(1), key: .number(1))
        try other.write("s") { try $0.put(.number(2), key: .number(2)) }
        #expect(try fault { _ = try transaction.get(.number(2)) } == .conflict)
        #expect(try fault { try transaction.put(.null, key: .number(3)) } == .conflict)
      }
    }
    #expect(early == .conflict)
    let late = try fault {
      try one.write("s", "t") { transaction throws in
        try transaction.store("t").put(.number(1), key: .number(1))
        try other.write("s") { try $0.put(.number(3), key: .number(3)) }
      }
    }
    #expect(late == .conflict)
    // Another store's change is none of its business.
    try one.write("t") { transaction throws in
      try transaction.put(.number(4), key: .number(4))
      try other.write("s") { try $0.put(.number(4), key: .number(4)) }
      #expect(try transaction.get(.number(4)) == .number(4))
    }
    for database in [one, other] {
      try database.read("s", "t") { transaction throws in
        let keys = try transaction.store("s").getAllKeys()
        #expect(keys == [.number(2), .number(3), .number(4)])
        #expect(try transaction.store("t").getAllKeys() == [.number(4)])
      }
    }
    #expect(try vaults[0].verify().isSound)
  }

  @Test("what a reader sees is one state of all its stores, or a conflict (I6)")
  func readConflict() throws {
    let vaults = try (0..<2).map { _ in try fixture.open(mode: .shared) }
    let one = try makeDatabase(vaults[0])
    let other = try vaults[1].database("d", for: shop)
    try one.read("s", "t") { transaction throws in
      #expect(try transaction.store("s").count() == 0)
      try other.write("t") { try $0.put(.null, key: .number(1)) }
      #expect(try fault { _ = try transaction.store("s").count() } == .conflict)
      #expect(try fault { _ = try transaction.store("t").get(.number(1)) } == .conflict)
    }
    try one.read("s") { transaction throws in
      #expect(try transaction.onlyStore.count() == 0)
      try other.write("t") { try $0.put(.null, key: .number(2)) }
      try vaults[1].rotate()
      #expect(try transaction.onlyStore.getAllKeys() == [])
    }
  }

  @Test("a handle of a database that was upgraded or made anew elsewhere is refused (I7)")
  func outdated() throws {
    let vaults = try (0..<2).map { _ in try fixture.open(mode: .shared) }
    let one = try makeDatabase(vaults[0])
    try vaults[1].database("d", for: shop, version: 2).close()
    #expect(try fault { try one.read("s") { _ in } } == .invalidState)
    #expect(
      try fault { _ = try one.write("s") { try $0.put(.null, key: .number(1)) } } == .invalidState)
    let again = try vaults[0].database("d", for: shop)
    #expect(again.version == 2)
    try vaults[1].deleteDatabase("d", for: shop)
    #expect(try fault { try again.read("s") { _ in } } == .invalidState)
    _ = try vaults[1].database("d", for: shop, version: 2) { upgrade throws in
      try upgrade.createStore("s")
      try upgrade.createStore("t")
    }
    #expect(try fault { try again.read("s") { _ in } } == .invalidState)
    one.close()
    again.close()
    let upgrade = try fault {
      _ = try vaults[0].database("d", for: shop, version: 3) { upgrade throws in
        try upgrade.createStore("mine")
        let faster = try vaults[1].database("e", for: shop)
        faster.close()
      }
    }
    #expect(upgrade == nil)
    let conflict = try fault {
      _ = try vaults[0].database("f", for: shop) { _ in
        _ = try vaults[1].database("f", for: shop)
      }
    }
    #expect(conflict == .conflict)
  }

  @Test("vault objects that write side by side to one store lose no update (I6)")
  func sharedThreads() throws {
    let path = fixture
    let first = try path.open(mode: .shared)
    _ = try makeDatabase(first).write("s") { try $0.put(.number(0), key: .number(0)) }
    let errors = threads(2) { _ in
      let database = try path.open(mode: .shared).database("d", for: shop)
      var done = 0
      while done < 15 {
        do {
          try database.write("s") { transaction throws in
            guard case .number(let count)? = try transaction.get(.number(0)) else { return }
            try transaction.put(.number(count + 1), key: .number(0))
          }
          done += 1
        } catch VaultError.database(.conflict) {
          continue
        } catch VaultError.inUse {
          continue
        }
      }
    }
    #expect(errors.isEmpty)
    let database = try first.database("d", for: shop)
    #expect(try database.read("s") { try $0.get(.number(0)) } == .number(30))
  }
}

extension Database {
  /// Counts one up in the store `s`, noting whether anybody else is doing so meanwhile.
  fileprivate func write(_ stores: [String], isolated inside: Locked<Int>) throws {
    try write(stores: stores) { transaction throws in
      #expect(
        inside.withLock {
          $0 += 1; return $0
        } == 1)
      let store = try transaction.store("s")
      guard case .number(let count)? = try store.get(.number(0)) else { return }
      try store.put(.number(count + 1), key: .number(0))
      inside.withLock { $0 -= 1 }
    }
  }
}
