import ProveKeyPlatform
import ProveKeyShell
import ProveKeyVault

/// A vault behind a handle, with what its requests in JSON have opened.
final class OpenVault: Sendable {
  let vault: KeyVault
  private let session: Locked<ShellSession?>

  init(_ vault: KeyVault) {
    self.vault = vault
    session = Locked(ShellSession(vault: vault))
  }

  /// Answers a request; requests take turns.
  func answer(to request: [UInt8]) throws(Refusal) -> [UInt8] {
    try session.withLock { session throws(Refusal) in
      guard let session else { throw .closed }
      return session.answer(to: request)
    }
  }

  /// Closes the vault; a request that is under way finishes first.
  func close() throws(VaultError) {
    try vault.close()
    session.withLock { $0 = nil }
  }
}
