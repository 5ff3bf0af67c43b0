import Foundation

/// A text file of the repository.
struct SourceFile: Sendable {
  /// The path from the repository's root, such as `Sources/ProveKeyModel/UTCInstant.swift`.
  let path: String
  let text: String

  /// The target a file in `Sources` belongs to.
  var target: String? {
    let parts = path.split(separator: "/")
    guard parts.count >= 3, parts[0] == "Sources" else { return nil }
    return String(parts[1])
  }

  var isSwift: Bool { path.hasSuffix(".swift") }

  /// The lines as the file has them, without a last empty one.
  var lines: [Substring] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last == "" { lines.removeLast() }
    return lines
  }
}

/// The text files of the repository that this test was compiled in.
struct SourceTree {
  let files: [SourceFile]

  /// Reads every text file but those that tools have made.
  init(root: URL = SourceTree.root) throws {
    let manager = FileManager.default
    var files: [SourceFile] = []
    var folders = [""]
    while let folder = folders.popLast() {
      let url = folder.isEmpty ? root : root.appendingPathComponent(folder)
      for name in try manager.contentsOfDirectory(atPath: url.path).sorted()
      where !Self.isMade(name) {
        let path = folder.isEmpty ? name : folder + "/" + name
        let attributes = try manager.attributesOfItem(atPath: root.path + "/" + path)
        switch attributes[.type] as? FileAttributeType {
        case .typeDirectory: folders.append(path)
        case .typeRegular:
          let data = try Data(contentsOf: root.appendingPathComponent(path))
          // What is not UTF-8 is a fixture or a picture.
          guard let text = String(validating: data, as: UTF8.self) else { continue }
          files.append(SourceFile(path: path, text: text))
        default: continue
        }
      }
    }
    self.files = files.sorted { $0.path < $1.path }
  }

  /// The Swift files below `Sources`.
  var sources: [SourceFile] { files.filter { $0.isSwift && $0.target != nil } }

  /// The Swift files below `Sources`, `Tests` and `Examples`.
  var swift: [SourceFile] {
    files.filter {
      $0.isSwift
        && ($0.target != nil || $0.path.hasPrefix("Tests/") || $0.path.hasPrefix("Examples/"))
    }
  }

  /// The folder with the manifest, above this file.
  static var root: URL {
    var folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    while !FileManager.default.fileExists(atPath: folder.path + "/Package.swift"),
      folder.path != "/"
    {
      folder.deleteLastPathComponent()
    }
    return folder
  }

  private static func isMade(_ name: String) -> Bool {
    name.hasPrefix(".build") || name == ".git" || name == ".swiftpm" || name == "node_modules"
  }
}
