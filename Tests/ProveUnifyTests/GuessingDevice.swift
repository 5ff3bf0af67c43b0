import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyVault
import ProveUnify

/// A device of an attacker's own making: sends sixteen codes at once, the last of them right.
struct GuessingDevice {
  let service: UnifyService
  let provider: ScriptedProvider

  /// Codes that were looked at, and such that were refused as out of turn.
  struct Counts {
    var looked = 0
    var refused = 0
  }

  func run(_ authToken: String, vault: KeyVault, scope: KeyScope) async throws -> Counts {
    let authID = try await reachCode(authToken, vault: vault, scope: scope)
    let right = provider.lastCode
    return await withTaskGroup(of: Bool.self) { group in
      for guess in 1...16 {
        group.addTask {
          do {
            _ = try await service.reply(
              .code(guess == 16 ? right : "\(guess)"), authID: authID)
            return true
          } catch { return false }  // only stepNotAllowed can come of a code in time
        }
      }
      var counts = Counts()
      for await looked in group {
        if looked { counts.looked += 1 } else { counts.refused += 1 }
      }
      return counts
    }
  }

  /// Goes as far as the entry of the code.
  func reachCode(_ authToken: String, vault: KeyVault, scope: KeyScope) async throws -> String {
    var (authID, step) = try await service.start(
      DeviceStart(authToken: authToken, abilities: [.otp], buildConfig: .usUAT))
    if case .presentKey(let challenge) = step {
      let key = try vault.currentKey(in: scope)
      let assertion = try key.map { try vault.sign(challenge.bytes, with: $0) }
      step = try await service.reply(.presented(assertion), authID: authID)
    }
    guard case .startOTP = step else { throw StageError(text: "no code is asked for") }
    _ = try await service.reply(.consent(phoneNumber: nil), authID: authID)
    return authID
  }
}
