import ArgumentParser
import Foundation
import JSONLines
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform

extension RegistryCommand {
  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write all registrations to a file, one line of JSON each.",
      discussion: """
        The file has mode 0600 and holds numbers and ids in the clear: treat it as the people's \
        data that it is. Others may go on using the registry; each registration comes once. An \
        export that was interrupted goes on with --resume. With --by or --device the file holds \
        instead what is held about one person, events included, as one object of JSON.
        """)
    @OptionGroup var target: Target
    @Option(help: "The file; it must not exist, unless with --resume.") var to: String
    @Flag(help: "Go on with the file of an export that was interrupted.") var resume = false
    @Option(help: "Only what is held about one device, by its deviceId.") var device: String?
    @Option(
      help: """
        Only what is held about a person, by the value on standard input: phone, prove-id, \
        customer, human.
        """)
    var by: PersonKey?

    func validate() throws {
      guard [device != nil, by != nil, resume].count(where: { $0 }) <= 1 else {
        throw ValidationError("Give at most one of --device, --by and --resume.")
      }
    }

    func run() async throws {
      if device == nil, by == nil { return try await exportAll() }
      let subject =
        try by?.subject() ?? .deviceID(try DeviceID(validating: device ?? ""))
      try await target.use { registry in
        let data = try await registry.personalData(of: subject)
        let file = try OutputFile(creating: to)
        try file.write(data.json + [0x0A])
        try file.finish()
        try Output.show(
          [
            ("registrations", .number(data.registrations.count)),
            ("events", .number(data.events.values.reduce(0) { $0 + $1.count })),
          ], json: target.json)
      }
    }

    private func exportAll() async throws {
      let lineLimit = RegistrationDocument.lineByteLimit
      let file =
        resume
        ? try OutputFile(continuing: to, lineLimit: lineLimit) : try OutputFile(creating: to)
      var last: DeviceID?
      if let line = file.lastLine {
        do { last = try RegistrationDocument(line: line).registration.deviceID } catch {
          throw Refusal(text: "the file's last line is no registration; export to another file")
        }
      }
      try await target.use { registry in
        var line = ProgressLine("export")
        let total = try await registry.statistics().registrations.values.reduce(0, +)
        var (count, failure) = (0, (any Error)?.none)
        try await registry.exportRegistrations(after: last) { keys in
          guard failure == nil else { return }
          do {
            try file.write(keys.flatMap { RegistrationDocument($0).line + [0x0A] })
            count += keys.count
            line.show(count, of: total)
          } catch { failure = error }
        }
        if let failure { throw failure }
        try file.finish()
        line.end()
        try Output.show(
          [("exported", .number(count)), ("resumed", .flag(last != nil))], json: target.json)
      }
    }
  }

  struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Register what an export wrote, line by line.",
      discussion: """
        Registrations that are there already, the same, are skipped: an import that was interrupted \
        is begun again. Lines that are refused are listed by number, and the others are taken. Exit \
        code 1 when any was refused.
        """)
    @OptionGroup var target: Target
    @OptionGroup var actor: ImportActor
    @Option(help: "The file; standard input when left out.") var from: String?

    struct ImportActor: ParsableArguments {
      @Option(help: "Who does it; kept with the events.") var actor = "import"
    }

    func run() async throws {
      let (input, size) = try input()
      try await target.use { registry in
        var progress = ProgressLine("import")
        var run = RegistrationImport(into: registry, actor: actor.actor)
        let counter = ByteCounter()
        var lines = LineReader(limit: RegistrationDocument.lineByteLimit) { () throws(Refusal) in
          let bytes = try Self.read(input)
          counter.count += bytes.count
          return bytes
        }
        while let line = try lines.next() {
          switch line {
          case .line(let bytes): try await run.take(bytes)
          case .tooLong: run.takeTooLong()
          }
          if let size { progress.show(counter.count, of: size) } else { progress.show(run.lines) }
        }
        let report = try await run.finish()
        progress.end()
        try show(report)
      }
    }

    private func show(_ report: ImportReport) throws {
      let refused = report.refusedLines.map { "line \($0.number): \($0.reason)" }
      try Output.show(
        [
          ("lines", .number(report.lines)), ("imported", .number(report.imported)),
          ("identical", .number(report.identical)), ("refused", .number(report.refused)),
          ("refusedLines", target.json ? .list(refused) : nil),
        ], json: target.json)
      guard report.refused > 0 else { return }
      if !target.json { for line in refused { print(line) } }
      throw Refusal(text: "\(report.refused) of \(report.lines) lines were refused")
    }

    /// How many bytes were read so far.
    private final class ByteCounter {
      var count = 0
    }

    private func input() throws -> (FileHandle, size: Int?) {
      guard let from else { return (.standardInput, nil) }
      guard let handle = FileHandle(forReadingAtPath: from) else {
        throw Refusal(text: "the file to import cannot be read")
      }
      let size = Int(try handle.seekToEnd())
      try handle.seek(toOffset: 0)
      return (handle, size)
    }

    private static func read(_ input: FileHandle) throws(Refusal) -> [UInt8] {
      do { return Array(try input.read(upToCount: 1 << 18) ?? Data()) } catch {
        throw Refusal(text: "the lines to import cannot be read")
      }
    }
  }

  struct Generate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Fill a registry with registrations of people who do not exist, for trials.",
      discussion: """
        The same seed and day give the same registrations: a run that was interrupted goes on when \
        it is begun again. Browsers have 1 to 5 registrations, one in twenty more, up to 10,000; \
        they were placed over the two years before the day. The numbers begin with +11, as nobody's \
        does.
        """)
    @OptionGroup var target: Target
    @Option(help: "How many.") var count: Int
    @Option(help: "Chooses which.") var seed: UInt64 = 1
    @Option(help: "Until when they were used: a day, as 2026-01-31. Today when left out.")
    var until: String?

    func validate() throws {
      guard (1...1_000_000_000).contains(count) else {
        throw ValidationError("--count is 1 to 1,000,000,000.")
      }
      _ = try day()
    }

    func run() async throws {
      let people = SyntheticRegistrations(count: count, seed: seed, until: try day())
      try await target.use { registry in
        var line = ProgressLine("generate")
        let start = ContinuousClock.now
        let registered = try await registry.generate(people) { line.show($0, of: count) }
        line.end()
        let time = ContinuousClock.now - start
        let milliseconds = max(
          1,
          Int(time.components.seconds) * 1000
            + Int(time.components.attoseconds / 1_000_000_000_000_000))
        let statistics = try await registry.statistics()
        let all = statistics.registrations.values.reduce(0, +)
        try Output.show(
          [
            ("registered", .number(registered)), ("seconds", .number(milliseconds / 1000)),
            ("perSecond", .number(registered * 1000 / milliseconds)),
            ("registrations", .number(all)),
            ("bytes", statistics.byteCount.map { .number($0) }),
            ("bytesPerRegistration", statistics.byteCount.map { .number($0 / max(all, 1)) }),
          ], json: target.json)
      }
    }

    private func day() throws -> UTCInstant {
      guard let until else { return WallClock.system.now }
      guard let day = UTCInstant(iso8601: until + "T00:00:00Z") else {
        throw ValidationError("--until takes a day like 2026-01-31.")
      }
      return day
    }
  }
}
