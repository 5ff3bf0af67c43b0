import ArgumentParser
import Foundation

/// `provekey demo`: the main job, end to end, on real files.
struct DemoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Run the twelve sandbox users through vault, registry and flow.",
    discussion: """
      Each simulated device has a vault file and a registry file of its own, closed and opened again \
      between any two runs. Exit code 0 only when every row came out as the table of test users says.
      """)

  @Flag(help: "Print one JSON object a line.") var json = false
  @Option(
    help: ArgumentHelp("Leave the files in this folder, which must not exist.", valueName: "dir"))
  var keep: String?

  func run() async throws {
    let folder = try makeFolder()
    var rows: [DemoRow] = []
    do {
      let script = try DemoScript(folder: folder) { row in
        rows.append(row)
        if json { try Output.show(row.facts, json: true) }
      }
      try await script.run()
    } catch {
      try cleanUp(folder)
      throw error
    }
    let wrong = rows.count { !$0.problems.isEmpty }
    if !json {
      Output.table(DemoRow.header, rows.map(\.cells))
      print("\n\(rows.count) runs, \(wrong) not as the table says.")
      if let keep { print("The files are in \(keep).") }
    }
    try cleanUp(folder)
    guard wrong == 0 else {
      throw Refusal(text: "\(wrong) of \(rows.count) runs did not come out as the table says")
    }
  }

  private func makeFolder() throws -> String {
    let path = keep ?? NSTemporaryDirectory() + "provekey-demo-" + UUID().uuidString
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: false,
        attributes: [.posixPermissions: 0o700])
    } catch CocoaError.fileWriteFileExists {
      throw Refusal(text: "there is a file or folder at \(path) already; choose another")
    } catch CocoaError.fileNoSuchFile {
      throw Refusal(text: "the folder that should hold \(path) does not exist")
    }
    return path
  }

  private func cleanUp(_ folder: String) throws {
    if keep == nil { try FileManager.default.removeItem(atPath: folder) }
  }
}
