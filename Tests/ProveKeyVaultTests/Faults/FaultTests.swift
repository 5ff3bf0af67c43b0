import CampaignSupport
import Foundation
import ProveKeyModel
import ProveKeySealing
import ProveKeyVault
import Testing

/// Campaign Q3: every n-th operation of a vault's life fails, once or from then on.
///
/// With PROVE_KEY_STORE_LONG=1 it is every n until a life passes undisturbed, else a sample.
@Suite("failing disk and memory")
struct FaultTests {
  let fixture: VaultFixture
  let secrets: [RawKey]

  init() throws {
    fixture = try VaultFixture()
    secrets = try [RawKey.random(), RawKey.random()]
  }

  /// How a disk fails.
  enum Failing: CaseIterable {
    case anyOperation, anyWhenShared, reading, syncing, space
  }

  @Test(
    "whichever operation of the disk fails, the error says so and nothing acknowledged is lost (V1, V7)",
    arguments: Failing.allCases, [false, true])
  func disk(failing: Failing, stays: Bool) async throws {
    let path = fixture.path("failing")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    let file = path + "/device.vault"
    let operations: FaultFolder.Operations =
      switch failing {
      case .anyOperation, .anyWhenShared: .all
      case .reading: .reads
      case .syncing: .syncs
      case .space: .writes
      }
    let mode: VaultMode = failing == .anyWhenShared ? .shared : .exclusive
    let (outlines, _) = try undisturbed(file, secrets, fixture)
    let runs = try await Campaign.untilUndisturbed(upTo: 20_000, sample: 14) { number in
      try Campaign.removeAll(in: path)
      let folder = try FaultFolder(path, records: false)
      let fault = Fault(
        number: number, stays: stays,
        begin: {
          folder.fail($0.number, of: operations, stays: $0.stays, full: failing == .space)
        },
        end: { folder.mend() })
      let life = VaultLife(
        path: file, secrets: secrets, clock: fixture.clock.wallClock, mode: mode)
      return try FaultRun(path: file, fault: fault, life: life, outlines: outlines)()
    }
    #expect(runs > 5)
    if Campaign.isLong { print("disk failing: \(failing), stays: \(stays), \(runs) runs") }
  }

  @Test("whichever allocation of SQLite fails, the error says so and nothing acknowledged is lost")
  func memory() async throws {
    let result = await #expect(
      processExitsWith: .success, observing: [\.standardOutputContent]
    ) { [folder = fixture.folder as String] in
      try FailingMemory.install()
      let fixture = try VaultFixture()
      let secrets = try [RawKey.random(), RawKey.random()]
      let file = folder + "/device.vault"
      let (outlines, _) = try undisturbed(file, secrets, fixture)
      let allocations = FailingMemory.allocationCount
      #expect(allocations > 100)
      for stays in [false, true] {
        let runs = try await Campaign.untilUndisturbed(
          upTo: allocations + 1000, sample: 20
        ) { number in
          try Campaign.removeAll(in: folder)
          let fault = Fault(
            number: number, stays: stays,
            begin: { FailingMemory.fail($0.number, stays: $0.stays) }, end: { FailingMemory.mend() }
          )
          let life = VaultLife(path: file, secrets: secrets, clock: fixture.clock.wallClock)
          return try FaultRun(path: file, fault: fault, life: life, outlines: outlines)()
        }
        #expect(runs > 5)
        print("memory failing, stays: \(stays), \(runs) runs")
      }
    }
    if Campaign.isLong, let result {
      print(String(decoding: result.standardOutputContent, as: UTF8.self), terminator: "")
    }
  }
}

/// The content after each step of a life in which nothing fails.
private func undisturbed(
  _ path: String, _ secrets: [RawKey], _ fixture: VaultFixture
) throws -> (outlines: [VaultLife.Outline], last: VaultLife.State) {
  let life = VaultLife(path: path, secrets: secrets, clock: fixture.clock.wallClock)
  var state = VaultLife.State()
  var outlines = [state.outline]
  for step in VaultLife.steps {
    try step.run(life)
    if life.vault != nil { state = try life.state() }
    outlines.append(state.outline)
  }
  return (outlines, state)
}
