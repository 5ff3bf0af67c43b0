import Foundation
import ProveKeyModel
import ProveKeySealing
import ProveKeyVault
import Testing

/// What fails in one run of a vault's life.
struct Fault {
  /// Which operation, counted from 1.
  var number: Int
  /// Whether all after it fail too.
  var stays: Bool
  /// What makes it fail, and what ends that and says how often it did.
  var begin: (Fault) -> Void
  var end: () -> Int
}

/// One run of a vault's life in which something fails (campaigns Q3).
///
/// It checks that the first error is a typed one that tells of a failure and of nothing else; that
/// the vault then answers as before the step, and can go on; and that after reopening every
/// acknowledged step is there.
struct FaultRun {
  let path: String
  let fault: Fault
  let life: VaultLife
  /// The content after each number of steps of an undisturbed life.
  let outlines: [VaultLife.Outline]

  /// - Returns: whether anything failed; when not, the life has fewer operations.
  func callAsFunction() throws -> Bool {
    var counters: [PublicKey: UInt64] = [:]
    life.gaveOut = { key, value in
      #expect(value > counters[key] ?? 0, "\(place("a counter value was given out again"))")
      counters[key] = value
    }
    var before = VaultLife.State()
    fault.begin(fault)
    for (index, step) in VaultLife.steps.enumerated() {
      if let error = try failure({ try step.run(life) }) {
        #expect(tellsOfFailure(error), "\(place("\(error) in \(step.name)"))")
        if fault.stays { return try giveUp(after: before, index) }
        try checkLive(before, step)
        try step.run(life)
      }
      guard life.vault != nil else { continue }
      if let error = try failure({ before = try life.state() }) {
        #expect(tellsOfFailure(error), "\(place("\(error) reading after \(step.name)"))")
        if fault.stays { return try giveUp(after: before, index + 1, isUnknown: true) }
        before = try life.state()
      }
      #expect(before.outline == outlines[index + 1], "\(place(step.name))")
    }
    let failures = fault.end()
    try checkReopened(before, outlines.count - 1)
    return failures > 0
  }

  private func place(_ text: String) -> Comment {
    "\(text); operation \(fault.number)\(fault.stays ? " and all after it" : "")"
  }

  private func failure(_ body: () throws -> Void) throws -> VaultError? { try vaultError(body) }

  /// A failure of the machine is never called damage, a wrong key or another's file.
  private func tellsOfFailure(_ error: VaultError) -> Bool {
    switch error {
    case .io, .diskFull, .memoryExhausted: true
    default: false
    }
  }

  /// The vault that saw one failure is as it was before the step, unless the step is several.
  private func checkLive(_ before: VaultLife.State, _ step: VaultLife.Step) throws {
    guard life.vault != nil else { return }
    #expect(try life.state() == before, "\(place("after a failure in \(step.name)"))")
  }

  /// After the failure that stays: what is answered is right, and reopening finds all.
  private func giveUp(
    after before: VaultLife.State, _ steps: Int, isUnknown: Bool = false
  ) throws -> Bool {
    if life.vault != nil, !isUnknown {
      let error = try failure { () throws in
        let state = try life.state()
        #expect(state == before, "\(place("still failing"))")
      }
      if let error { #expect(tellsOfFailure(error), "\(place("\(error) still failing"))") }
    }
    let error = try failure { try life.close() }
    if let error { #expect(tellsOfFailure(error), "\(place("\(error) closing"))") }
    _ = fault.end()
    try checkReopened(isUnknown ? nil : before, steps)
    return true
  }

  /// What a vault opened anew says: the state before the step under way, or the one after it.
  private func checkReopened(_ before: VaultLife.State?, _ steps: Int) throws {
    try life.close()
    if let error = try failure({ try life.open() }) {
      Issue.record("\(place("does not open again: \(error)"))")
      return
    }
    let state = try life.state()
    if state.outline == outlines[steps] {
      if let before { #expect(state == before, "\(place("reopened"))") }
    } else {
      let next = min(steps + 1, outlines.count - 1)
      #expect(state.outline == outlines[next], "\(place("reopened after the step"))")
    }
    #expect(try #require(life.vault).verify().isSound, "\(place("reopened"))")
    for key in state.keys {
      let assertion = try #require(life.vault).sign(challenge, with: key)
      #expect(try verifies(assertion, of: key))
      life.gaveOut(key.publicKey, try #require(assertion.counter))
    }
    try life.close()
  }
}
