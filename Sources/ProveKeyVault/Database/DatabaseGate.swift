import Dispatch
import Glibc
import ProveKeyPlatform

/// Lets the transactions of one vault object on its databases run together or in turn.
///
/// Readers of a store run together and a writer runs alone (I5); who came first goes first. The
/// vault's own lock is never held while somebody waits here.
final class DatabaseGate: Sendable {
  /// Which database, in this vault.
  struct Name: Hashable, Sendable {
    let origin: [UInt8]
    let name: [UInt16]

    init(_ room: DatabaseRoom) {
      origin = Array(room.origin.utf8)
      name = room.name
    }
  }

  /// What a claim is for: some stores of a database, or its opening, upgrade or deletion.
  struct Scope: Sendable {
    let name: Name
    let stores: Set<UInt64>
    let isWriting: Bool

    /// Opening, upgrading and deleting take turns; no store has the id 0.
    static func connection(_ name: Name) -> Scope {
      Scope(name: name, stores: [0], isWriting: true)
    }

    func conflicts(with other: Scope) -> Bool {
      name == other.name && (isWriting || other.isWriting) && !stores.isDisjoint(with: other.stores)
    }
  }

  private struct Claim {
    let id: UInt64
    let scope: Scope
    let thread: UInt
    let turn: DispatchSemaphore
  }

  private struct Table {
    var active: [Claim] = []
    var waiting: [Claim] = []
    var handles: [Name: Set<UInt64>] = [:]
    var lastID: UInt64 = 0

    mutating func makeID() -> UInt64 {
      lastID += 1
      return lastID
    }

    /// Whether a claim may run now, beside those that run and came before.
    func isFree(_ scope: Scope, earlier: some Sequence<Claim>) -> Bool {
      !active.contains { $0.scope.conflicts(with: scope) }
        && !earlier.contains { $0.scope.conflicts(with: scope) }
    }

    /// Where a claim may wait: at the end, or before those that wait for its own thread.
    ///
    /// A thread that is in a transaction already may stand before others only as far as nobody then
    /// waits for it whom it waits for; nil when every place would make it wait for itself.
    func place(for claim: Claim) -> Int? {
      for place in stride(from: waiting.count, through: 0, by: -1) {
        var queue = waiting
        queue.insert(claim, at: place)
        if !waitsForItself(claim, at: place, in: queue) { return place }
      }
      return nil
    }

    /// Whether a claim waits, through any number of others, for its own thread.
    private func waitsForItself(_ claim: Claim, at place: Int, in queue: [Claim]) -> Bool {
      var open = blockers(of: claim.scope, at: place, in: queue)
      var seen: Set<UInt> = []
      while let thread = open.popLast() {
        if thread == claim.thread { return true }
        guard seen.insert(thread).inserted else { continue }
        for (place, other) in queue.enumerated() where other.thread == thread {
          open += blockers(of: other.scope, at: place, in: queue)
        }
      }
      return false
    }

    /// The threads that a claim at a place of the queue waits for.
    private func blockers(of scope: Scope, at place: Int, in queue: [Claim]) -> [UInt] {
      (active + queue[..<place]).filter { $0.scope.conflicts(with: scope) }.map(\.thread)
    }

    /// Lets in who can go, in the order in which they came.
    mutating func admit() {
      var left: [Claim] = []
      for claim in waiting {
        if isFree(claim.scope, earlier: left) {
          active.append(claim)
          claim.turn.signal()
        } else {
          left.append(claim)
        }
      }
      waiting = left
    }
  }

  private enum Answer {
    case goOn
    case wait
    case refuse
  }

  private let table = Locked(Table())

  /// Waits until a scope is free, and takes it.
  ///
  /// - Returns: what ``leave(_:)`` gives back.
  /// - Throws: ``DatabaseFault/invalidState`` when it would wait for its own thread.
  func enter(_ scope: Scope) throws(VaultError) -> UInt64 {
    let turn = DispatchSemaphore(value: 0)
    let thread = UInt(pthread_self())
    let (id, answer) = table.withLock { table -> (UInt64, Answer) in
      let claim = Claim(id: table.makeID(), scope: scope, thread: thread, turn: turn)
      guard let place = table.place(for: claim) else { return (claim.id, .refuse) }
      if table.isFree(scope, earlier: table.waiting[..<place]) {
        table.active.append(claim)
        return (claim.id, .goOn)
      }
      table.waiting.insert(claim, at: place)
      return (claim.id, .wait)
    }
    switch answer {
    case .goOn: break
    case .wait: turn.wait()
    case .refuse: throw .database(.invalidState)
    }
    return id
  }

  /// Gives back what ``enter(_:)`` took.
  func leave(_ id: UInt64) {
    table.withLock { table in
      table.active.removeAll { $0.id == id }
      table.admit()
    }
  }

  /// Counts a handle of a database.
  func addHandle(of name: Name) -> UInt64 {
    table.withLock { table in
      let id = table.makeID()
      table.handles[name, default: []].insert(id)
      return id
    }
  }

  /// Takes a handle out of the count; false when it was out already.
  @discardableResult
  func removeHandle(_ id: UInt64, of name: Name) -> Bool {
    table.withLock { table in
      let wasThere = table.handles[name]?.remove(id) != nil
      if table.handles[name]?.isEmpty == true { table.handles[name] = nil }
      return wasThere
    }
  }

  /// Whether a handle is in the count.
  func hasHandle(_ id: UInt64, of name: Name) -> Bool {
    table.withLock { $0.handles[name]?.contains(id) == true }
  }

  /// Whether any handle of a database is open, or a transaction of a closed one still runs.
  func isInUse(_ name: Name) -> Bool {
    table.withLock { table in
      table.handles[name] != nil
        || (table.active + table.waiting).contains {
          $0.scope.name == name && !$0.scope.stores.contains(0)
        }
    }
  }

  /// How many claims wait, for tests that must know that one does.
  var waitingCount: Int { table.withLock { $0.waiting.count } }
}
