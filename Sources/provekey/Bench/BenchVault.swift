import ArgumentParser
import ProveKeyModel
import ProveKeyVault

/// `provekey bench vault`: look-ups of keys, and signatures with a key of its own.
struct BenchVault: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vault", abstract: "Time look-ups, and with --write signatures, in a vault.",
    discussion: """
      Looks up the keys of --origin. With --write it places a key under the origin \
      'https://bench.invalid', signs with it and removes it, which moves the vault's generation on.
      """)
  @OptionGroup var target: VaultCommand.Target
  @OptionGroup var length: BenchCommand.Length
  @Option(help: "The web origin or app id whose keys are looked up.") var origin: String?
  @Option(help: "Their environment and region.") var buildConfig = BuildConfig.usUAT
  @Flag(help: "Also place, use and remove a key.") var write = false

  func validate() throws {
    guard origin != nil || write else {
      throw ValidationError("Nothing to time: give --origin, --write or both.")
    }
  }

  func run() async throws {
    let vault = try target.open()
    let result = Result { try times(in: vault) }
    try vault.close()
    try OperationTimes.show(try result.get(), json: target.json)
  }

  private func times(in vault: KeyVault) throws -> [OperationTimes] {
    var all: [OperationTimes] = []
    if let origin {
      let keys = try vault.keys(in: try KeyScope(buildConfig: buildConfig, origin: origin))
      guard !keys.isEmpty else { throw Refusal(text: "there are no keys of this origin") }
      var lookUps = OperationTimes("lookUp")
      for index in 0..<length.count {
        let id = keys[index % keys.count].deviceID
        guard try lookUps.time({ try vault.key(id) }) != nil else {
          throw Refusal(text: "a key went away meanwhile")
        }
      }
      all.append(lookUps)
    }
    if write { all += try signing(in: vault) }
    return all
  }

  private func signing(in vault: KeyVault) throws -> [OperationTimes] {
    let scope = try KeyScope(buildConfig: buildConfig, origin: "https://bench.invalid")
    var (places, signatures) = (OperationTimes("place"), OperationTimes("sign"))
    let key = try places.time { try vault.placeKey(in: scope) }
    let result = Result {
      let id = try vault.confirmKey(key.deviceID, in: scope).deviceID
      let challenge = [UInt8](repeating: 7, count: 40)
      for _ in 0..<length.count {
        _ = try signatures.time { try vault.sign(challenge, with: id) }
      }
    }
    // Whatever went wrong, the key goes.
    if try !vault.discardPendingKey(key) { _ = try vault.removeKey(key.deviceID) }
    try result.get()
    return [places, signatures]
  }
}
