/// Who may import what, and where raw memory may be touched.
///
/// Each rule takes files and gives a line of text for every breach.
enum ImportRules {
  /// The floor each target stands on; a target imports from the floors below its own.
  static let floors: [String: Int] = [
    "CSodium": 0, "CSQLite": 0, "CLinux": 0, "CLibPQ": 0,
    "CProveKeyStore": 0,
    "ProveKeyModel": 1,
    "ProveKeyPlatform": 2, "ProveKeySealing": 2, "SQLiteDatabase": 2, "JSONLines": 2,
    "ProveKeyVault": 3, "ProveDeviceRegistry": 3, "ProveDeviceRegistryPostgres": 3,
    "ProveKeyTesting": 3,
    "ProveUnify": 4, "ProveKeyShell": 4, "ProveRegistryShell": 4,
    "provekey": 5, "ProveSandbox": 5, "ProveKeyStoreC": 5,
  ]

  /// What a target may import from its own floor.
  static let beside: [String: Set<String>] = [
    "ProveKeySealing": ["ProveKeyPlatform"],
    "SQLiteDatabase": ["ProveKeyPlatform"],
    "ProveDeviceRegistryPostgres": ["ProveDeviceRegistry"],
    "ProveKeyTesting": ["ProveKeyVault", "ProveDeviceRegistry"],
    "provekey": ["ProveSandbox"],
  ]

  /// The one target that may import each C library.
  static let importerOfC = [
    "CSodium": "ProveKeySealing", "CLinux": "ProveKeySealing", "CSQLite": "SQLiteDatabase",
    "CLibPQ": "ProveDeviceRegistryPostgres", "CProveKeyStore": "ProveKeyStoreC",
  ]

  /// Targets above floor 2 whose work is with C.
  static let unsafeAbove: Set<String> = ["ProveDeviceRegistryPostgres", "ProveKeyStoreC"]

  /// What comes with Swift and its platform.
  static let platformModules: Set<String> = [
    "Glibc", "Foundation", "FoundationEssentials", "Dispatch", "Synchronization",
  ]

  /// Targets that go into other people's apps: no third party code but libsqlite3 and libsodium.
  static let withoutThirdParties: Set<String> = [
    "ProveKeyModel", "ProveKeyPlatform", "ProveKeySealing", "SQLiteDatabase", "ProveKeyVault",
    "ProveKeyShell", "JSONLines",
  ]

  /// A C library is imported by one target only, tests included.
  static func importsOfC(_ file: SourceFile) -> [String] {
    file.imports.compactMap { module in
      guard let importer = importerOfC[module], file.target != importer else { return nil }
      return "\(file.path): only \(importer) may import \(module)"
    }
  }

  /// A target imports our own modules from the floors below, or as ``beside`` says.
  static func importsFromBelow(_ file: SourceFile) -> [String] {
    guard let target = file.target else { return [] }
    guard let floor = floors[target] else {
      return ["\(file.path): target \(target) has no floor; give it one in ImportRules"]
    }
    return file.imports.compactMap { module in
      guard module != target, let other = floors[module], other >= floor,
        beside[target]?.contains(module) != true
      else { return nil }
      return "\(file.path): \(target) (floor \(floor)) may not import \(module) (floor \(other))"
    }
  }

  /// The model imports nothing at all.
  static func modelImportsNothing(_ file: SourceFile) -> [String] {
    guard file.target == "ProveKeyModel" else { return [] }
    return file.imports.map { "\(file.path): ProveKeyModel imports nothing, not even \($0)" }
  }

  /// What goes into apps imports our own modules and the platform's.
  static func noThirdParties(_ file: SourceFile) -> [String] {
    guard let target = file.target, withoutThirdParties.contains(target) else { return [] }
    return file.imports.compactMap { module in
      if floors[module] != nil || platformModules.contains(module) { return nil }
      return "\(file.path): \(target) may not import the third party module \(module)"
    }
  }

  /// Raw memory is touched on floors 0 to 2 and where the work is with C.
  static func noUnsafeAbove(_ file: SourceFile) -> [String] {
    guard let target = file.target, let floor = floors[target], floor > 2,
      !unsafeAbove.contains(target)
    else { return [] }
    return file.codeLines.enumerated().compactMap { number, line in
      let words = line.split { !$0.isLetter && !$0.isNumber && $0 != "_" }
      guard let word = words.first(where: isUnsafe) else { return nil }
      return "\(file.path):\(number + 1): \(word) may not be used above floor 2"
    }
  }

  private static func isUnsafe(_ word: Substring) -> Bool {
    word == "unsafe" || word == "OpaquePointer" || word.hasPrefix("Unsafe")
      || word.hasPrefix("withUnsafe") || word.hasPrefix("unsafe") || word == "Unmanaged"
  }
}
