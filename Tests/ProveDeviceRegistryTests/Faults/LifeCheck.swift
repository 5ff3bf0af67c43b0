import Foundation
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import ProveKeyTesting
import Testing

/// What a registry that is opened again must say after its life was broken off.
///
/// What was acknowledged is there as it was seen, at most followed by the change that was under way,
/// whole; every row opens and agrees with the digests and the log; what was spent stays spent; and
/// a copy that was acknowledged opens and holds what it was made of.
struct LifeCheck {
  let life: RegistryLife
  /// Where the files are.
  let folder: String
  /// The outlines of the devices after each change of an undisturbed life.
  let outlines: [[String]]
  /// How much had happened to the disk when the life was broken off.
  var count = Int.max
  /// For messages.
  let place: String

  /// The outlines that an undisturbed life leaves.
  static func outlines(of life: RegistryLife) -> [[String]] {
    (0..<RegistryLife.deviceCount).map { index in
      life.history(of: index).map { $0.state?.outline ?? "" }
    }
  }

  /// Looks at files that are closed.
  func callAsFunction() async throws {
    let story = life.story.withLock { $0 }
    let clock = ManualClock(.start)
    let store = try SQLiteRegistryStore(
      at: RegistryLife.file(in: folder), unlock: life.unlock)
    let registry = try await DeviceRegistry(store: store, scope: .shop, clock: clock.wall)
    try await checkAgreement(of: registry, place)
    for index in 0..<RegistryLife.deviceCount {
      let found = try await RegistryLife.state(of: life.devices[index], in: registry)
      check(found, index, story.changes[index])
    }
    for spent in story.spent where isAcknowledged(spent.acknowledged) {
      // A sweep takes what cannot be used any more for its age.
      if let sweepBegan = story.sweepBegan, sweepBegan <= count, spent.acknowledged <= sweepBegan {
        continue
      }
      clock.now = spent.at
      let error = await #expect(throws: RegistryError.self, "\(place)") {
        try await registry.complete(spent.ticket)
      }
      // Of a key that was revoked since, that is said first.
      #expect(error == .ticketSpent || error == .deviceRevoked, "\(place)")
    }
    try await registry.close()
    if let backup = story.backup { try await check(backup) }
  }

  private func isAcknowledged(_ position: Int?) -> Bool { position.map { $0 <= count } ?? false }

  private func checkAgreement(of registry: DeviceRegistry, _ place: String) async throws {
    #expect(try await registry.verify().problems == [], "\(place)")
    #expect(try await registry.replay().agrees, "\(place)")
  }

  private func check(_ found: RegistryLife.State, _ index: Int, _ changes: [RegistryLife.Change]) {
    let last = changes.lastIndex { isAcknowledged($0.acknowledged) }
    let following = (last ?? -1) + 1
    var isRight = matches(found, last, index, changes)
    if !isRight, following < changes.count, changes[following].began <= count {
      isRight = matches(found, following, index, changes)
      if changes[following].isLong, !isRight {
        isRight = found.outline == outline(last, index)
      }
    }
    let names = changes.prefix(following).map(\.name)
    #expect(isRight, "device \(index) is \(found.outline) after \(names); \(place)")
  }

  /// Whether this is the state after a change; as far as it was seen, down to the last bit.
  private func matches(
    _ found: RegistryLife.State, _ change: Int?, _ index: Int, _ changes: [RegistryLife.Change]
  ) -> Bool {
    guard let change else { return found == RegistryLife.State() }
    if let state = changes[change].state { return found == state }
    return found.outline == outlines[index][change]
  }

  private func outline(_ change: Int?, _ index: Int) -> String {
    change.map { outlines[index][$0] } ?? RegistryLife.State().outline
  }

  /// A copy is whole when it was acknowledged; what is left of another opens as no registry, or is
  /// whole as well.
  private func check(_ backup: RegistryLife.Backup) async throws {
    guard backup.began <= count else { return }
    let isWhole = isAcknowledged(backup.acknowledged)
    guard isWhole || FileManager.default.fileExists(atPath: RegistryLife.backup(in: folder)) else {
      return
    }
    let store: SQLiteRegistryStore
    do throws(RegistryError) {
      store = try SQLiteRegistryStore.openExisting(
        at: RegistryLife.backup(in: folder), unlock: life.unlock)
    } catch {
      let isNothing =
        switch error {
        case .store(.notARegistry), .store(.corrupt), .store(.missing): true
        default: false
        }
      #expect(!isWhole && isNothing, "the copy is called \(error); \(place)")
      return
    }
    let registry = try await DeviceRegistry(store: store, scope: .shop)
    try await checkAgreement(of: registry, "the copy, \(place)")
    for (device, state) in zip(life.devices, backup.states) {
      let found = try await RegistryLife.state(of: device, in: registry)
      #expect(found == state, "the copy has \(found.outline), not \(state.outline); \(place)")
    }
    try await registry.close()
  }
}
