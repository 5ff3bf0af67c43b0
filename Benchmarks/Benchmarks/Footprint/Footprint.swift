import Foundation

/// Memory and disk: what an open vault and a registry under load hold in memory, and how a vault's and
/// a registry's files grow over a simulated month.
///
/// - `Footprint FOLDER OUT.json` measures all and writes it down.
/// - `Footprint memory WHAT FOLDER` measures one thing in a process of its own; the former runs it.
@main
struct Footprint {
  static func main() async {
    do { try await run(Array(CommandLine.arguments.dropFirst())) } catch {
      FileHandle.standardError.write(Data("Footprint: \(error)\n".utf8))
      exit(1)
    }
  }

  private static func run(_ words: [String]) async throws {
    if words.count == 3, words[0] == "memory", let subject = MemorySubject(rawValue: words[1]) {
      let stages = try await subject.measure(in: words[2])
      return print(String(decoding: try JSONEncoder().encode(stages), as: UTF8.self))
    }
    guard words.count == 2 else {
      FileHandle.standardError.write(
        Data("usage: Footprint FOLDER OUT.json | Footprint memory WHAT FOLDER\n".utf8))
      exit(2)
    }
    var report = Report()
    try await MemorySubject.prepare(in: words[0])
    for subject in MemorySubject.allCases {
      report.memory += try inProcessOfItsOwn(subject, words[0])
    }
    report.registryMonth = try await RegistryMonth(folder: words[0]).run()
    report.vaultMonth = try VaultMonth(folder: words[0]).run()
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    try encoder.encode(report).write(to: URL(fileURLWithPath: words[1]))
    report.show()
  }

  private static func inProcessOfItsOwn(
    _ subject: MemorySubject, _ folder: String
  ) throws -> [MemoryStage] {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = ["memory", subject.rawValue, folder]
    process.standardOutput = output
    try process.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure(what: "\(subject) has failed") }
    return try JSONDecoder().decode([MemoryStage].self, from: bytes)
  }
}

/// What was measured.
struct Report: Codable {
  var machine = Machine()
  var memory: [MemoryStage] = []
  var registryMonth: [Day] = []
  var vaultMonth: [Day] = []

  struct Machine: Codable {
    var date = ISO8601DateFormatter().string(from: Date())
    /// Set by the script that starts the program.
    var versions = ProcessInfo.processInfo.environment["BENCH_VERSIONS"] ?? "unknown"
    var commit = ProcessInfo.processInfo.environment["BENCH_COMMIT"] ?? "unknown"
  }

  /// Prints what was measured as a table.
  func show() {
    for stage in memory {
      print(
        "\(stage.subject): \(stage.stage): \(stage.residentKilobytes) kB resident,",
        "\(stage.lockedKilobytes) kB locked")
    }
    for (name, days) in [("registry", registryMonth), ("vault", vaultMonth)] {
      for day in days {
        print(
          "\(name), day \(day.day): \(day.fileBytes) bytes, \(day.freePages) pages free,",
          "log \(day.logBytes), rows \(day.rows)")
      }
    }
  }
}

/// The files at the end of a simulated day.
struct Day: Codable {
  var day: Int
  var fileBytes: Int64
  var freePages: Int64
  /// The log beside the file, before anything is closed.
  var logBytes: Int64
  var rows: [String: Int]

  init(_ day: Int, path: String, rows: [String: Int]) throws {
    self.day = day
    self.rows = rows
    fileBytes = Self.size(path)
    logBytes = Self.size(path + "-wal")
    freePages = try Self.freePages(path)
  }

  private static func size(_ path: String) -> Int64 {
    var facts = stat()
    return stat(path, &facts) == 0 ? Int64(facts.st_size) : 0
  }

  /// The count of the free list as the file's header has it, at byte 36 (SQLite's file format, 1.3);
  /// as of the last checkpoint.
  private static func freePages(_ path: String) throws -> Int64 {
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    defer { try? file.close() }
    guard let header = try file.read(upToCount: 100), header.count == 100 else { return 0 }
    return header[36..<40].reduce(0) { $0 << 8 | Int64($1) }
  }
}

/// Something did not do what it should.
struct Failure: Error {
  let what: String
}
