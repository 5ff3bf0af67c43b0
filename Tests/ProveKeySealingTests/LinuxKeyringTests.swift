import Glibc
import ProveKeySealing
import Testing

/// On a kernel that lets this process at its keyrings the rules are tested; on another one, that it
/// is told: neither is passed over in silence.
@Suite("The kernel's keyring", .serialized)
struct LinuxKeyringTests {
  private typealias Failure = KeyEncryptionProviderError
  private let key = SecureRandom.bytes(32)

  private func provider(
    _ keyring: LinuxKeyringProvider.Keyring = .user
  ) throws -> LinuxKeyringProvider {
    let name = "prove-key test " + SecureRandom.bytes(8).map(String.init).joined(separator: ".")
    return try #require(LinuxKeyringProvider(description: name, keyring: keyring))
  }

  /// Runs `body` with a key in the keyring and takes it out again; asserts the error when the kernel
  /// has no keyring for us.
  private func withKey(
    _ keyring: LinuxKeyringProvider.Keyring = .user, _ body: (LinuxKeyringProvider) throws -> Void
  ) throws {
    let provider = try provider(keyring)
    do throws(Failure) {
      try provider.create()
    } catch .unavailable {
      #expect(throws: Failure.unavailable) { try roundTrip(provider, key) }
      #expect(throws: Failure.unavailable) { try provider.isThere }
      return
    }
    defer { _ = try? provider.remove() }  // one of the tests has done so already
    try body(provider)
  }

  @Test(
    "a key that was wrapped comes back, by another value of the same description too",
    arguments: [LinuxKeyringProvider.Keyring.user, .session, .persistent])
  func wraps(keyring: LinuxKeyringProvider.Keyring) throws {
    try withKey(keyring) { provider in
      let (wrapped, back) = try roundTrip(provider, key)
      #expect(back == key && wrapped.count == 105)
      #expect(try roundTrip(provider, key).wrapped != wrapped)
      #expect(try provider.isThere)
    }
  }

  @Test("what was changed, cut short, wrapped for another context or by another key is refused")
  func refuses() throws {
    try withKey { provider in
      let context: [UInt8] = [1, 2, 3]
      let wrapped = try roundTrip(provider, key, context: context).wrapped
      let error = Failure.failed(code: EBADMSG)
      for index in wrapped.indices {
        var changed = wrapped
        changed[index] ^= 1
        #expect(throws: error) { _ = try provider.unwrap(changed, context: context) }
        #expect(throws: error) {
          _ = try provider.unwrap(Array(wrapped[..<index]), context: context)
        }
      }
      #expect(throws: error) { _ = try provider.unwrap(wrapped, context: [1, 2, 4]) }
      try withKey { other in
        #expect(throws: error) { _ = try other.unwrap(wrapped, context: context) }
      }
    }
  }

  @Test("a key that was removed is gone, and is told so by the store")
  func gone() throws {
    try withKey { provider in
      let (keys, header) = try StoreKeys.create(kind: .vault, unlock: .provider(provider))
      func open() throws(SealingError) {
        _ = try StoreKeys.open(
          header: header, epochs: keys.sealedEpochs, kind: .vault, unlock: .provider(provider))
      }
      try open()
      #expect(try provider.remove())
      #expect(try !provider.remove())
      #expect(throws: SealingError.providerKeyGone("linux-keyring")) { try open() }
      // A fresh key in its place is another key, not a gone one.
      try provider.create()
      #expect(throws: SealingError.provider("linux-keyring")) { try open() }
    }
  }

  @Test("a key is never replaced, and one that is kept elsewhere can be put back")
  func putBack() throws {
    let kept = try RawKey.random()
    try withKey { provider in
      #expect(throws: Failure.failed(code: EEXIST)) { try provider.create(key: kept) }
      _ = try provider.remove()
      try provider.create(key: kept)
      let wrapped = try roundTrip(provider, key).wrapped
      _ = try provider.remove()
      #expect(throws: Failure.keyGone) { _ = try provider.unwrap(wrapped, context: [1, 2, 3]) }
      try provider.create(key: kept)
      let back = try provider.unwrap(wrapped, context: [1, 2, 3]).withBytes { $0.copiedForTest }
      #expect(back == key)
    }
  }

  @Test("a description is 1 to 255 printable ASCII characters")
  func descriptions() {
    for bad in ["", String(repeating: "d", count: 256), "a\nb", "é", "a\0b"] {
      #expect(LinuxKeyringProvider(description: bad) == nil)
    }
    #expect(LinuxKeyringProvider(description: String(repeating: "d", count: 255)) != nil)
  }
}
