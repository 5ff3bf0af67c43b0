import CFloor
import CPlain
import Foundation
import GRDB
import ProveDeviceRegistry
import ProveKeyModel

/// Something that finds registrations by their deviceId.
protocol Contestant: Sendable {
  var name: String { get }
  /// Finds the keys of these numbers and returns how long each took, in nanoseconds.
  ///
  /// - Parameter thread: which of the threads asks; those of a contestant may ask at once.
  func lookUp(_ numbers: ArraySlice<UInt32>, thread: Int) async throws -> [UInt32]
}

extension Contestant {
  /// Lets several threads share the work.
  /// - Returns: the time of each, and what the whole took.
  func round(_ numbers: [UInt32], threads: Int) async throws -> (each: [UInt32], whole: Double) {
    let start = ContinuousClock.now
    if threads == 1 {
      let times = try await lookUp(numbers[...], thread: 0)
      return (times, start.duration(to: .now) / .nanoseconds(1))
    }
    let part = numbers.count / threads
    let times = try await withThrowingTaskGroup(of: [UInt32].self) { group in
      for thread in 0..<threads {
        group.addTask {
          try await lookUp(numbers[(thread * part)..<((thread + 1) * part)], thread: thread)
        }
      }
      var times: [UInt32] = []
      for try await some in group { times += some }
      return times
    }
    return (times, start.duration(to: .now) / .nanoseconds(1))
  }
}

/// Times one operation after the other with one reading of the clock each.
struct Stopwatch {
  private var last = ContinuousClock.now
  private(set) var times: [UInt32] = []

  init(_ count: Int) { times.reserveCapacity(count) }

  mutating func lap() {
    let now = ContinuousClock.now
    times.append(UInt32(clamping: Int64(last.duration(to: now) / .nanoseconds(1))))
    last = now
  }
}

struct Ours: Contestant {
  let name: String
  let registry: DeviceRegistry
  let ids: [DeviceID]

  func lookUp(_ numbers: ArraySlice<UInt32>, thread: Int) async throws -> [UInt32] {
    var watch = Stopwatch(numbers.count)
    for number in numbers {
      guard try await registry.registration(ids[Int(number)]) != nil else {
        throw Failure(what: "a registration is missing")
      }
      watch.lap()
    }
    return watch.times
  }
}

/// The bare C program's look-up: same file, same settings, same hashing and opening.
final class Floor: Contestant, @unchecked Sendable {  // each thread has its own handle
  let name = "floor"
  private let handles: [OpaquePointer]
  private let ids: [DeviceID]

  init(_ path: String, key: [UInt8], _ ids: [DeviceID], cacheKibibytes: Int, threads: Int) {
    handles = (0..<threads).map { _ in
      registry_floor_open(path, key, Int32(cacheKibibytes))
    }
    self.ids = ids
  }

  deinit { for handle in handles { registry_floor_close(handle) } }

  func lookUp(_ numbers: ArraySlice<UInt32>, thread: Int) async throws -> [UInt32] {
    var watch = Stopwatch(numbers.count)
    for number in numbers {
      var id = ids[Int(number)].rawValue
      let length = id.withUTF8 { bytes in
        bytes.withMemoryRebound(to: CChar.self) {
          registry_floor_look_up(handles[thread], $0.baseAddress, bytes.count)
        }
      }
      guard length > 0 else { throw Failure(what: "the floor found nothing") }
      watch.lap()
    }
    return watch.times
  }
}

/// SQLite alone, the facts in the clear.
final class PlainSQLite: Contestant, @unchecked Sendable {  // each thread has its own handle
  let name = "plain SQLite"
  private let handles: [OpaquePointer]
  private let ids: [DeviceID]

  init(_ path: String, _ ids: [DeviceID], cacheKibibytes: Int, threads: Int) {
    handles = (0..<threads).map { _ in plain_open(path, nil, Int32(cacheKibibytes), 0) }
    self.ids = ids
  }

  deinit { for handle in handles { plain_close(handle) } }

  func lookUp(_ numbers: ArraySlice<UInt32>, thread: Int) async throws -> [UInt32] {
    var watch = Stopwatch(numbers.count)
    for number in numbers {
      var id = ids[Int(number)].rawValue
      let length = id.withUTF8 { bytes in
        bytes.withMemoryRebound(to: CChar.self) {
          plain_look_up(handles[thread], $0.baseAddress, bytes.count)
        }
      }
      guard length > 0 else { throw Failure(what: "plain SQLite found nothing") }
      watch.lap()
    }
    return watch.times
  }
}

/// GRDB's pool, a row by its key, over the same plain file.
struct GRDBPool: Contestant {
  let name = "GRDB"
  private let pool: DatabasePool
  private let ids: [DeviceID]

  init(_ path: String, _ ids: [DeviceID], cacheKibibytes: Int) throws {
    var configuration = Configuration()
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA cache_size = -\(cacheKibibytes)") }
    pool = try DatabasePool(path: path, configuration: configuration)
    self.ids = ids
  }

  func lookUp(_ numbers: ArraySlice<UInt32>, thread: Int) async throws -> [UInt32] {
    var watch = Stopwatch(numbers.count)
    for number in numbers {
      guard try find(ids[Int(number)].rawValue) > 0 else {
        throw Failure(what: "GRDB found nothing")
      }
      watch.lap()
    }
    return watch.times
  }

  private func find(_ id: String) throws -> Int {
    try pool.read { database in
      let select = try database.cachedStatement(
        sql: "SELECT * FROM registration WHERE device = ?")
      return try Row.fetchOne(select, arguments: [id])?.count ?? 0
    }
  }
}

/// SQLCipher in a process of its own: its symbols are SQLite's.
final class Cipher: Contestant, @unchecked Sendable {  // asked by one task at a time
  let name: String
  private let process = Process()
  private let asking = Pipe()
  private let answering = Pipe()

  init(_ program: String, _ path: String, ids: String, cacheKibibytes: Int, isBest: Bool) throws {
    name = isBest ? "SQLCipher at its best" : "SQLCipher"
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = ["look-up", path, ids, String(cacheKibibytes), isBest ? "1" : "0"]
    process.standardInput = asking
    process.standardOutput = answering
    try process.run()
  }

  func lookUp(_ numbers: ArraySlice<UInt32>, thread: Int) async throws -> [UInt32] {
    var words = [UInt32(numbers.count)]
    words += numbers
    asking.fileHandleForWriting.write(words.withUnsafeBytes { Data($0) })
    var data = Data()
    while data.count < numbers.count * 4 {
      let some = answering.fileHandleForReading.availableData
      guard !some.isEmpty else { throw Failure(what: "SQLCipher's process ended") }
      data += some
    }
    return data.withUnsafeBytes { Array($0.bindMemory(to: UInt32.self)) }
  }

  func close() {
    asking.fileHandleForWriting.closeFile()
    process.waitUntilExit()
  }
}
