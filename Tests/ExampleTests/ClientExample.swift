import ProveDeviceRegistry
import ProveKeyModel
import ProveKeySealing
import ProveKeyVault

/// What the README's client example talks to.
protocol ExampleServer: Sendable {
  func challenge() async throws -> Challenge
  func register(_ newKey: NewKey, for challenge: Challenge) async throws
}

/// The README's client example, to the letter.
func clientExample(
  path: String, server: any ExampleServer
) async throws -> (KeyAssertion, Challenge) {
  let vault = try KeyVault.open(at: path, unlock: .passphrase("correct horse battery"))
  let scope = try KeyScope(buildConfig: .usUAT, origin: "https://shop.example")

  // Phase one: the key is on disk before the server hears of it.
  let key = try vault.currentKey(in: scope) ?? vault.placeKey(in: scope)
  if key.state == .pending {
    let challenge = try await server.challenge()
    try await server.register(vault.offer(key, for: challenge.bytes), for: challenge)
    // Phase two: the server's answer is on disk before the key counts as placed.
    try vault.confirmKey(key.deviceID, in: scope)
  }

  // From now on: sign the server's challenge. The private half never leaves the vault.
  let challenge = try await server.challenge()
  let assertion = try vault.sign(challenge.bytes, with: key.deviceID)

  try vault.close()
  return (assertion, challenge)
}
