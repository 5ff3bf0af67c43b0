public import CProveKeyStore
import Glibc
import ProveDeviceRegistry
import ProveKeyVault

/// What a handle stands for.
enum Resource: Sendable {
  case vault(OpenVault)
  case storage(LocalStorage)
  case registry(OpenRegistry)
  case reply([UInt8])

  /// A reply of lines, the last without an end.
  static func reply(lines: [String]) -> Resource {
    .reply(Array(lines.joined(separator: "\n").utf8))
  }

  fileprivate var kind: UInt64 {
    switch self {
    case .vault: 1
    case .storage: 2
    case .registry: 3
    case .reply: 4
    }
  }
}

/// Every handle that is given out, and what it stands for.
///
/// Invariants, cited by number in the tests:
/// - C1. A handle is a number; none is ever used as an address.
/// - C2. No number is given out twice: it holds the kind (8 bits), a place's generation (32) and the
///   place (24), and a place whose generations are used up is given up.
/// - C3. The lock is held for a look-up only: never while a vault or registry works, never while a
///   callback runs. Who looked a thing up keeps it alive, so that closing frees nothing in use.
/// - C4. In a forked child nothing that the parent opened is touched, this table's lock neither.
@safe
final class HandleTable: @unchecked Sendable {  // the mutex guards `state`
  /// The table of the process.
  static let process = HandleTable()

  private struct Place {
    var generation: UInt32 = 1
    var resource: Resource?
  }

  private struct State {
    var places: [Place] = []
    var free: [Int] = []
  }

  // Not `Locked`, and not a variable of the class: a look-up through another module's generics, with
  // exclusive access checked as it runs, takes twice as long, and every call makes one.
  private let state = UnsafeMutablePointer<State>.allocate(capacity: 1)
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

  private init() {
    unsafe state.initialize(to: State())
    let status = unsafe pthread_mutex_init(mutex, nil)
    precondition(status == 0, "a mutex could not be made (\(status))")
  }

  deinit {
    unsafe pthread_mutex_destroy(mutex)
    unsafe mutex.deallocate()
    unsafe state.deinitialize(count: 1)
    unsafe state.deallocate()
  }

  /// Gives out a handle.
  /// - Throws: ``Refusal`` beyond the limit of handles.
  func add(_ resource: Resource) throws(Refusal) -> UInt64 {
    try ForkWatch.begin()
    return try locked { state throws(Refusal) in
      let index: Int
      if let free = state.free.popLast() {
        index = free
      } else {
        guard state.places.count < CallLimits.handleCount else {
          throw .call(PKS_TOO_MANY, "\(CallLimits.handleCount) handles are open")
        }
        index = state.places.count
        state.places.append(Place())
      }
      state.places[index].resource = resource
      return resource.kind << 56 | UInt64(state.places[index].generation) << 24 | UInt64(index)
    }
  }

  /// What a handle stands for.
  func find(_ handle: UInt64) throws(Refusal) -> Resource {
    try ForkWatch.check()
    return try locked { state throws(Refusal) in
      let index = try Self.index(of: handle, in: state)
      guard let resource = state.places[index].resource else { throw .closed }
      guard resource.kind == handle >> 56 else { throw .badHandle }
      return resource
    }
  }

  /// Takes a handle back.
  func remove(_ handle: UInt64) throws(Refusal) -> Resource {
    try ForkWatch.check()
    return try locked { state throws(Refusal) in
      let index = try Self.index(of: handle, in: state)
      guard let resource = state.places[index].resource else { throw .closed }
      guard resource.kind == handle >> 56 else { throw .badHandle }
      state.places[index].resource = nil
      if state.places[index].generation < .max {
        state.places[index].generation += 1
        state.free.append(index)
      }
      return resource
    }
  }

  private func locked<R>(
    _ body: (inout State) throws(Refusal) -> R
  ) throws(Refusal) -> R {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    return try unsafe body(&state.pointee)
  }

  private static func index(of handle: UInt64, in state: State) throws(Refusal) -> Int {
    let index = Int(handle & 0xFF_FFFF)
    let generation = UInt32(truncatingIfNeeded: handle >> 24)
    guard (1...4).contains(handle >> 56), generation > 0, index < state.places.count else {
      throw .badHandle
    }
    let current = state.places[index].generation
    if generation < current { throw .closed }
    guard generation == current else { throw .badHandle }
    return index
  }
}

// MARK: - By kind

extension HandleTable {
  static func vault(_ handle: pks_vault) throws(Refusal) -> OpenVault {
    guard case .vault(let vault) = try process.find(handle) else { throw .badHandle }
    return vault
  }

  static func storage(_ handle: pks_storage) throws(Refusal) -> LocalStorage {
    guard case .storage(let storage) = try process.find(handle) else { throw .badHandle }
    return storage
  }

  static func registry(_ handle: pks_registry) throws(Refusal) -> DeviceRegistry {
    try openRegistry(handle).registry
  }

  static func openRegistry(_ handle: pks_registry) throws(Refusal) -> OpenRegistry {
    guard case .registry(let registry) = try process.find(handle) else { throw .badHandle }
    return registry
  }

  static func reply(_ handle: pks_reply) throws(Refusal) -> [UInt8] {
    guard case .reply(let reply) = try process.find(handle) else { throw .badHandle }
    return reply
  }
}

/// Closes a handle.
@c @implementation
public func pks_close(_ handle: UInt64, _ error: UnsafeMutablePointer<pks_error>!) -> pks_status {
  unsafe answering(error) {
    guard handle != 0 else { return }
    switch try HandleTable.process.remove(handle) {
    case .vault(let vault): try vault.close()
    case .registry(let open): try waiting { try await open.registry.close() }
    case .storage, .reply: break
    }
  }
}
