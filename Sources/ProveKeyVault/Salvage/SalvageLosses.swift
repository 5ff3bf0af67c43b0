/// What could not be read out of a damaged vault.
final class SalvageLosses {
  private(set) var listed: [VaultDamage] = []
  private(set) var count = 0
  /// Whether losses are known already: the rows are walked over a second time.
  var isRepeated = false

  /// Notes one loss.
  ///
  /// - Parameter isNew: whether it could not have been found in the first walk.
  func note(_ damage: VaultDamage, isNew: Bool = false) {
    guard isNew || !isRepeated else { return }
    count += 1
    if listed.count < VaultLimits.reportedProblems { listed.append(damage) }
  }

  /// Runs `body` and notes the damage that it comes upon; any other failure is thrown.
  func noting(_ body: () throws(VaultError) -> Void) throws(VaultError) {
    do throws(VaultError) {
      try body()
    } catch .damaged(let damage) {
      note(damage)
    }
  }
}
