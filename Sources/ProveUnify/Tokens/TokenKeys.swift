import Foundation
import JWTKit
import ProveDeviceRegistry
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing

/// The keys that sign tokens, sealed in the registry's store: every server of a registry has the
/// same ones, and so has the next process.
///
/// Tokens are made and checked by JWTKit.
///
/// - J1: the algorithm is read only to be compared; a token cannot choose how it is checked.
/// - J2: nothing of the claims is looked at before the signature fits.
/// - J3: a token is signed by the newest key; an older key checks tokens until the last one that it
///   can have signed is worth nothing.
final class TokenKeys: Sendable {
  private let registry: DeviceRegistry
  private let clock: WallClock
  private let known = Locked<Ring?>(nil)

  init(_ registry: DeviceRegistry, _ clock: WallClock) {
    self.registry = registry
    self.clock = clock
  }

  /// Keys, oldest first, as a version of the stored item has them, and what checks tokens by them.
  private struct Ring: Sendable {
    let keys: [TokenKey]
    let version: UInt64
    let verifier: JWTKeyCollection

    init(_ keys: [TokenKey], version: UInt64) async {
      self.keys = keys
      self.version = version
      verifier = JWTKeyCollection()
      for key in keys {
        await verifier.add(eddsa: key.publicKey, kid: JWKIdentifier(string: key.id))
      }
      // Otherwise the first key would check what names a key that is not there.
      await verifier.clearDefault()
    }
  }

  /// A key as it is stored; not kept, since its seed lies in plain memory.
  private struct Entry: Sendable {
    let id: String
    let madeAtMilliseconds: Int64
    let seed: [UInt8]
  }

  // MARK: Tokens

  /// Makes a token.
  func make(
    _ kind: TokenKind, about subject: String, id: String, forSeconds seconds: Int64
  ) async throws(UnifyError) -> String {
    let key = try await signingKey()
    let now = clock.now.millisecondsSinceEpoch / 1000
    let claims = TokenClaims(
      iss: IssuerClaim(value: TokenClaims.issuer), aud: registry.scope.buildConfig.rawValue,
      sub: SubjectClaim(value: subject), jti: IDClaim(value: id),
      iat: IssuedAtClaim(value: Self.date(seconds: now)),
      exp: ExpirationClaim(value: Self.date(seconds: now + seconds)))
    // An error of the library may carry claims, and goes no further.
    do { return try await key.sign(claims, as: kind) } catch {
      throw .registry(.damaged(table: "token"))
    }
  }

  /// The claims of a token that is ours, of this kind and build config; its time may be over.
  func claims(of text: String, _ kind: TokenKind) async throws(UnifyError) -> TokenClaims? {
    guard let keyID = TokenHeader.keyID(of: text, kind), let ring = try await ring(with: keyID)
    else { return nil }
    // What does not pass is no token of ours. An error of the library may carry claims, and goes no
    // further.
    let claims = try? await ring.verifier.verify(text, as: TokenClaims.self)
    return claims?.aud == registry.scope.buildConfig.rawValue ? claims : nil
  }

  /// Whether a token's time is over.
  func isOver(_ claims: TokenClaims) -> Bool {
    let now = Date(timeIntervalSince1970: Double(clock.now.millisecondsSinceEpoch) / 1000)
    do {
      try claims.exp.verifyNotExpired(currentDate: now)
      return false
    } catch { return true }
  }

  private static func date(seconds: Int64) -> Date {
    Date(timeIntervalSince1970: Double(seconds))
  }

  /// Signs by a new key from now on.
  func rotate() async throws(UnifyError) {
    for _ in 0..<RegistryLimits.attemptLimit where try await madeKey() != nil { return }
    throw .registry(.contention)
  }

  // MARK: Keys

  private func signingKey() async throws(UnifyError) -> TokenKey {
    for _ in 0..<RegistryLimits.attemptLimit {
      var ring = known.withLock { $0 }
      if ring == nil { ring = try await load() }
      if let newest = ring?.keys.last, !isOld(newest) { return newest }
      // Another server may have made a new one already.
      ring = try await load()
      if let newest = ring?.keys.last, !isOld(newest) { return newest }
      if let made = try await madeKey() { return made }
    }
    throw .registry(.contention)
  }

  /// The ring with a key of this id, read anew when the one at hand has none.
  private func ring(with id: String) async throws(UnifyError) -> Ring? {
    if let ring = known.withLock({ $0 }), ring.keys.contains(where: { $0.id == id }) { return ring }
    guard let ring = try await load(), ring.keys.contains(where: { $0.id == id }) else {
      return nil
    }
    return ring
  }

  private func isOld(_ key: TokenKey) -> Bool {
    let madeAt = UTCInstant(millisecondsSinceEpoch: key.madeAtMilliseconds)
    return clock.now >= madeAt.adding(seconds: UnifyLimits.tokenKeySeconds)
  }

  /// Adds a key, and drops those that no token needs any more.
  /// - Returns: nothing when another server was faster.
  private func madeKey() async throws(UnifyError) -> TokenKey? {
    let stored = try await stored()
    let now = clock.now
    let entry = Entry(
      id: Base64URL.encode(SecureRandom.bytes(9)), madeAtMilliseconds: now.millisecondsSinceEpoch,
      seed: SecureRandom.bytes(Ed25519.seedCount))
    var entries = (stored?.entries ?? []) + [entry]
    // A key signs until the next one is made.
    while entries.count > 1,
      now
        >= UTCInstant(millisecondsSinceEpoch: entries[1].madeAtMilliseconds)
        .adding(seconds: UnifyLimits.tokenSeconds)
    {
      entries.removeFirst()
    }
    entries.removeFirst(max(entries.count - UnifyLimits.tokenKeys, 0))
    let bytes = Self.encode(entries)
    do {
      guard
        try await registry.putItem(
          Self.domain, Self.name, bytes, replacing: stored?.version, expiryDay: .max)
      else { return nil }
    } catch { throw UnifyError(error) }
    return try await keep(entries, version: (stored?.version ?? 0) + 1).keys.last
  }

  private func load() async throws(UnifyError) -> Ring? {
    guard let stored = try await stored() else { return nil }
    return try await keep(stored.entries, version: stored.version)
  }

  private func stored() async throws(UnifyError) -> (entries: [Entry], version: UInt64)? {
    do {
      guard let found = try await registry.item(Self.domain, Self.name) else { return nil }
      return (try Self.decode(found.bytes), found.version)
    } catch let error as RegistryError {
      throw UnifyError(error)
    } catch { throw .registry(.damaged(table: "token")) }
  }

  private func keep(_ entries: [Entry], version: UInt64) async throws(UnifyError) -> Ring {
    let before = known.withLock { $0 }
    if let before, before.version == version { return before }
    var keys: [TokenKey] = []
    for entry in entries {
      if let key = before?.keys.first(where: { $0.id == entry.id }) {
        keys.append(key)
        continue
      }
      do {
        keys.append(
          try TokenKey(
            id: entry.id, madeAtMilliseconds: entry.madeAtMilliseconds, seed: entry.seed))
      } catch let error as SealingError {
        throw .registry(.unlock(error))
      } catch { throw .registry(.damaged(table: "token")) }
    }
    let ring = await Ring(keys, version: version)
    known.withLock { if version >= $0?.version ?? 0 { $0 = ring } }
    return ring
  }

  // MARK: Layout

  private static let domain = "token-keys"
  private static let name = "ring"
  private static let layout: UInt8 = 1

  private static func encode(_ entries: [Entry]) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(layout)
    writer.write(UInt8(entries.count))
    for entry in entries {
      writer.writeText(entry.id)
      writer.write(entry.madeAtMilliseconds)
      writer.writeFixed(entry.seed)
    }
    return writer.bytes
  }

  private static func decode(_ bytes: [UInt8]) throws(UnifyError) -> [Entry] {
    var reader = ByteReader(bytes)
    do {
      guard try reader.read(UInt8.self, "layout") == layout else {
        throw ByteReader.Malformed(field: "layout")
      }
      var entries: [Entry] = []
      for _ in 0..<(try reader.read(UInt8.self, "count")) {
        entries.append(
          Entry(
            id: try reader.readText(limit: identifierByteLimit, "kid"),
            madeAtMilliseconds: try reader.read(Int64.self, "madeAt"),
            seed: try reader.readFixed(Ed25519.seedCount, "seed")))
      }
      try reader.finish()
      return entries
    } catch { throw .registry(.damaged(table: "token")) }
  }
}
