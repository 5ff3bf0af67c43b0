/// What could not be read out of a damaged vault.
final class SalvageLosses {
  private(set) var listed: [VaultDamage] = []
  private(set) var count = 0

  /// Notes one loss.
  func note(_ damage: VaultDamage) {
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
