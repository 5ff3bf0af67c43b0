import ArgumentParser
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeySealing

/// `provekey bench registry`: look-ups of registrations, and authentications of keys of its own.
struct BenchRegistry: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "registry",
    abstract: "Time look-ups, and with --write authentications, in a registry.",
    discussion: """
      Looks up registrations that a listing of bound keys names, one by one and 100 in a call. With \
      --write it places a key, binds it to a number that is nobody's, decides and completes \
      authentications with it, and erases it. Of what was erased the registry keeps the events \
      without anything personal, as of everything else.
      """)
  @OptionGroup var target: RegistryCommand.Target
  @OptionGroup var length: BenchCommand.Length
  @Flag(help: "Also place, authenticate and erase a key.") var write = false

  /// Registrations that are looked up in turn: the pages of listings that are read for them.
  private static let pageCount = 10
  private static let batchCount = 100
  private static let actor = "bench"

  func run() async throws {
    var all: [OperationTimes] = []
    try await target.use { registry in
      all += try await lookUps(in: registry)
      if write { all += try await authentications(in: registry) }
    }
    guard !all.isEmpty else {
      throw Refusal(text: "there are no bound keys to look up; --write makes one")
    }
    try OperationTimes.show(all, json: target.json)
  }

  // MARK: Look-ups

  private func lookUps(in registry: DeviceRegistry) async throws -> [OperationTimes] {
    var ids: [DeviceID] = []
    var cursor: PageCursor?
    for _ in 0..<Self.pageCount {
      let page = try await registry.registrations(of: .state(.bound), after: cursor, limit: 1000)
      ids += page.registrations.map(\.deviceID)
      cursor = page.next
      if cursor == nil { break }
    }
    guard !ids.isEmpty else { return [] }
    // A listing runs by day; look-ups do not.
    ids.shuffle()
    var (single, batch) = (OperationTimes("lookUp"), OperationTimes("lookUp100"))
    for index in 0..<length.count {
      let id = ids[index % ids.count]
      let start = ContinuousClock.now
      let found = try await registry.registration(id)
      single.add(start.duration(to: .now))
      guard found != nil else { throw Refusal(text: "a registration went away meanwhile") }
    }
    for index in 0..<(length.count / Self.batchCount) {
      let some = (0..<Self.batchCount).map { ids[(index * Self.batchCount + $0) % ids.count] }
      let start = ContinuousClock.now
      _ = try await registry.resolve(some)
      batch.add(start.duration(to: .now))
    }
    return [single, batch]
  }

  // MARK: Authentications

  private func authentications(in registry: DeviceRegistry) async throws -> [OperationTimes] {
    let key = try BenchKey()
    let challenge = registry.issueChallenge()
    var place = OperationTimes("place")
    let start = ContinuousClock.now
    try await registry.place(
      try key.offer(for: challenge), for: challenge, on: DeviceDescription(kind: .mobile),
      actor: Self.actor)
    place.add(start.duration(to: .now))
    let result: Result<[OperationTimes], any Error>
    do { result = .success(try await authenticate(key, in: registry)) } catch {
      result = .failure(error)
    }
    // Whatever went wrong, the key goes.
    _ = try await registry.erase(.deviceID(key.id), actor: Self.actor)
    return [place] + (try result.get())
  }

  private func authenticate(
    _ key: BenchKey, in registry: DeviceRegistry
  ) async throws -> [OperationTimes] {
    // The area code begins with 1, as that of no person does.
    let number = try PhoneNumber(digits: 11_000_000_000)
    try await registry.bind(key.id, to: number, actor: Self.actor)
    var (decide, complete) = (OperationTimes("decide"), OperationTimes("complete"))
    let request = KeyRequest(channel: .mobile, phoneNumber: number)
    for _ in 0..<length.count {
      let challenge = registry.issueChallenge()
      let assertion = try key.sign(challenge)
      var start = ContinuousClock.now
      let decision = try await registry.decide(request, presenting: assertion, for: challenge)
      decide.add(start.duration(to: .now))
      guard case .authenticate = decision.outcome else {
        throw Refusal(text: "the registry decided otherwise (row D\(decision.row.rawValue))")
      }
      start = ContinuousClock.now
      try await registry.complete(decision)
      complete.add(start.duration(to: .now))
    }
    return [decide, complete]
  }
}

/// A key that lives as long as the measurement.
private final class BenchKey {
  let id: DeviceID
  private let publicKey: PublicKey
  private let signingKey: SecretBytes

  init() throws {
    var random = SecureRandomNumberGenerator()
    let seed = try Ed25519.makeSeed()
    id = DeviceID.random(using: &random)
    publicKey = try PublicKey(algorithm: .ed25519, bytes: try Ed25519.publicKey(ofSeed: seed))
    signingKey = try Ed25519.signingKey(ofSeed: seed)
  }

  func sign(_ challenge: Challenge) throws -> KeyAssertion {
    let message = try KeyAssertion.signedBytes(
      challenge: challenge.bytes, deviceID: id, counter: nil, vaultState: nil)
    return try KeyAssertion(
      deviceID: id, counter: nil, vaultState: nil,
      signature: Ed25519.sign(message.span, with: signingKey))
  }

  func offer(for challenge: Challenge) throws -> NewKey {
    try NewKey(deviceID: id, publicKey: publicKey, proof: try sign(challenge))
  }
}
