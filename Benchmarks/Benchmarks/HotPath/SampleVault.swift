import Foundation
import ProveKeyModel
import ProveKeySealing
import ProveKeyVault

/// A vault that is made once and measured by several programs: `hot.vault`, the raw key that locks
/// it in `key`, and the identifiers of its placed keys in `ids`, one a line.
struct SampleVault {
  let folder: String

  var path: String { folder + "/hot.vault" }
  /// The build config and origin of the first scope.
  static var scope: KeyScope {
    get throws { try KeyScope(buildConfig: .usUAT, origin: "https://shop.example") }
  }

  /// Makes the vault with so many placed keys, 500 in a scope at most.
  static func make(in folder: String, keys: Int) throws -> SampleVault {
    let sample = SampleVault(folder: folder)
    var generator = SystemRandomNumberGenerator()
    let key = Data((0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) })
    try key.write(to: URL(fileURLWithPath: folder + "/key"))
    let vault = try KeyVault.create(at: sample.path, unlock: try sample.unlock)
    var ids: [DeviceID] = []
    var number = 0
    while ids.count < keys {
      let scope =
        number == 0
        ? try Self.scope
        : try KeyScope(buildConfig: .usUAT, origin: "https://shop\(number).example")
      ids += try Self.place(min(500, keys - ids.count), in: vault, scope)
      number += 1
    }
    try vault.close()
    let text = ids.map { $0.rawValue + "\n" }.joined()
    try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/ids"))
    return sample
  }

  /// What unlocks the vault.
  var unlock: UnlockMethod {
    get throws {
      let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: folder + "/key")))
      return .rawKey(try RawKey(bytes.span))
    }
  }

  /// The identifiers of its placed keys.
  var ids: [DeviceID] {
    get throws {
      try String(contentsOfFile: folder + "/ids", encoding: .utf8).split(separator: "\n").map {
        try DeviceID(validating: String($0))
      }
    }
  }

  /// Places so many keys in a scope.
  static func place(
    _ count: Int, in vault: KeyVault, _ scope: KeyScope
  ) throws -> [DeviceID] {
    try (0..<count).map { _ in
      try vault.confirmKey(try vault.placeKey(in: scope).deviceID, in: scope).deviceID
    }
  }
}
