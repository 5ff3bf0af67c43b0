import ArgumentParser
import Foundation
import ProveKeyVault

/// `provekey vault storage`: the localStorage role of a vault.
///
/// Names and values come on standard input and go to standard output, never through arguments,
/// which other users of the machine can read.
struct StorageCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "storage", abstract: "Read and write the localStorage of an origin.",
    discussion: """
      Names and values come on standard input, never as arguments.

        list    shows names and the length of their values in UTF-16 code units
        get     takes a name, one line, and prints its value
        set     takes a name, one line, then the value: all the rest but its last line end
        remove  takes a name, one line
        clear   removes all items of the origin

      With --json, each line of input is an object {"key":K} or, for set, {"key":K,"value":V}, and
      each line of output is one; K and V are strings or, when they are no text, {"utf16":[55296]}.
      """)

  /// What to do.
  enum Action: String, ExpressibleByArgument, CaseIterable {
    case list, get, set, remove, clear
  }

  @OptionGroup var target: VaultCommand.Target
  @Option(help: "The web origin or app id that the storage belongs to.") var origin: String
  @Option(help: "For set: code units that all names and values may have together.")
  var quota: Int = 5_242_880
  @Argument(help: "What to do.") var action: Action

  func run() async throws {
    let vault = try target.open()
    let storage = try vault.localStorage(for: origin, quotaCodeUnits: quota)
    let json = target.json
    switch action {
    case .list:
      try list(storage)
    case .get:
      for request in try StorageRequest.read(json: json, withValue: false) {
        try show(storage, request.key)
      }
    case .set:
      for request in try StorageRequest.read(json: json, withValue: true) {
        try storage.setItem(request.key, request.value ?? [])
      }
    case .remove:
      for request in try StorageRequest.read(json: json, withValue: false) {
        try storage.removeItem(request.key)
      }
    case .clear:
      try storage.clear()
    }
    try vault.close()
  }

  private func list(_ storage: LocalStorage) throws {
    let items = try storage.allKeysCodeUnits().map { key in
      (key: StorageText(units: key), length: try storage.getItem(key)?.count ?? 0)
    }
    if target.json {
      for item in items {
        print("{\"key\":\(try item.key.json),\"codeUnits\":\(item.length)}")
      }
    } else if items.isEmpty {
      print("no items")
    } else {
      Output.table(["codeUnits", "key"], try items.map { ["\($0.length)", try $0.key.line] })
    }
  }

  private func show(_ storage: LocalStorage, _ key: [UInt16]) throws {
    let value = try storage.getItem(key).map { StorageText(units: $0) }
    if target.json {
      print("{\"key\":\(try StorageText(units: key).json),\"value\":\(try value?.json ?? "null")}")
    } else {
      guard let value else { throw Refusal(text: "the storage has no such item") }
      print(try value.text)
    }
  }
}
