/// The README and the documents in `docs`.
enum DocumentRules {
  /// Every document is linked from the README or another document.
  static func unlinked(_ files: [SourceFile]) -> [String] {
    let pages = files.filter(isPage)
    let documents = pages.filter { $0.path.hasPrefix("docs/") }
    return documents.compactMap { document in
      let isLinked = pages.contains {
        $0.path != document.path && links($0).contains(document.path)
      }
      return isLinked ? nil : "\(document.path): no other page links to it"
    }
  }

  /// Every link to a file of the repository leads to one.
  static func broken(_ files: [SourceFile]) -> [String] {
    let paths = Set(files.map(\.path))
    let folders = Set(files.flatMap { parents($0.path) })
    return files.filter(isPage).flatMap { page in
      links(page)
        // What is not text (a picture) is not in the tree.
        .filter { $0.hasSuffix(".md") || $0.hasSuffix(".swift") || $0.hasSuffix("/") }
        .filter { !paths.contains($0) && !folders.contains($0) }
        .map { "\(page.path): the link to \($0) leads nowhere" }
    }
  }

  private static func isPage(_ file: SourceFile) -> Bool {
    file.path.hasSuffix(".md") && (file.path.hasPrefix("docs/") || !file.path.contains("/"))
  }

  /// The files that a page links to, as paths from the root.
  private static func links(_ page: SourceFile) -> [String] {
    page.text.matches(of: /\]\(([^)#\s]+)/).compactMap { match in
      let target = String(match.1)
      guard !target.contains(":"), !target.hasPrefix("/") else { return nil }
      var parts = page.path.split(separator: "/").dropLast().map(String.init)
      for part in target.split(separator: "/") {
        switch part {
        case ".": continue
        case "..": if parts.popLast() == nil { return nil }
        default: parts.append(String(part))
        }
      }
      return parts.joined(separator: "/") + (target.hasSuffix("/") ? "/" : "")
    }
  }

  private static func parents(_ path: String) -> [String] {
    let parts = path.split(separator: "/").dropLast()
    return (1...max(parts.count, 1)).map { parts.prefix($0).joined(separator: "/") + "/" }
  }
}
