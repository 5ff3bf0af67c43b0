import Testing

@testable import ProveKeySealing

@Suite("Unlocking")
struct UnlockTests {
  /// A method, and the error that a wrong secret of the same method gives.
  private struct Method {
    let right: UnlockMethod
    let wrong: UnlockMethod
    let error: SealingError

    static func all(in folder: borrowing TemporaryFolder) throws -> [Method] {
      let (right, wrong) = (folder.path + "/right", folder.path + "/wrong")
      try KeyFile.create(at: right)
      try KeyFile.create(at: wrong)
      return [
        Method(
          right: .rawKey(try RawKey.random()), wrong: .rawKey(try RawKey.random()),
          error: .wrongKey),
        Method(
          right: .passphrase("correct horse", cost: .minimum), wrong: .passphrase("battery"),
          error: .wrongPassphrase),
        Method(right: .keyFile(right), wrong: .keyFile(wrong), error: .keyFile(.wrongKey)),
        Method(
          right: .provider(TestProvider()), wrong: .provider(TestProvider(mask: 0x55)),
          error: .provider("test provider")),
      ]
    }
  }

  @Test("each method opens what it locked, and a wrong secret of it has its own error")
  func rightAndWrong() throws {
    let folder = try TemporaryFolder()
    let methods = try Method.all(in: folder)
    for method in methods {
      let (keys, header) = try StoreKeys.create(kind: .vault, unlock: method.right)
      let sealed = try keys.sealing([1], as: keys.place())
      let again = try StoreKeys.open(
        header: header, epochs: keys.sealedEpochs, kind: .vault, unlock: method.right)
      #expect(again.storeID == keys.storeID)
      #expect(try again.opening(sealed, as: again.place()) == [1])
      #expect(throws: method.error) {
        try StoreKeys.open(
          header: header, epochs: keys.sealedEpochs, kind: .vault, unlock: method.wrong)
      }
    }
  }

  @Test("another method than the stored one is told by the stored one's name")
  func otherMethod() throws {
    let folder = try TemporaryFolder()
    let methods = try Method.all(in: folder)
    for stored in methods.map(\.right) {
      let (keys, header) = try StoreKeys.create(kind: .vault, unlock: stored)
      for brought in methods.map(\.right) where brought.kind != stored.kind {
        #expect(throws: SealingError.wrongUnlockMethod(stored: stored.kind)) {
          try StoreKeys.open(
            header: header, epochs: keys.sealedEpochs, kind: .vault, unlock: brought)
        }
      }
    }
  }

  @Test("rewrapping changes what unlocks and nothing that was sealed")
  func rewrap() throws {
    let folder = try TemporaryFolder()
    let methods = try Method.all(in: folder)
    let first = methods[0].right
    let (keys, header) = try StoreKeys.create(kind: .vault, unlock: first)
    let sealed = try keys.sealing([7], as: keys.place())
    for method in methods.map(\.right) {
      let newHeader = try keys.rewrap(unlock: method)
      #expect(newHeader != header)
      let again = try StoreKeys.open(
        header: newHeader, epochs: keys.sealedEpochs, kind: .vault, unlock: method)
      #expect(try again.opening(sealed, as: keys.place()) == [7])
      if method.kind != first.kind {
        #expect(throws: SealingError.wrongUnlockMethod(stored: method.kind)) {
          try StoreKeys.open(
            header: newHeader, epochs: keys.sealedEpochs, kind: .vault, unlock: first)
        }
      }
    }
  }

  @Test("a vault's header does not open as a registry's")
  func kinds() throws {
    let unlock = UnlockMethod.rawKey(try RawKey.random())
    let (keys, header) = try StoreKeys.create(kind: .vault, unlock: unlock)
    #expect(throws: SealingError.wrongKind) {
      try StoreKeys.open(
        header: header, epochs: keys.sealedEpochs, kind: .registry, unlock: unlock)
    }
  }

  @Test("a raw key, a key file and a passphrase of the same bytes do not unlock each other")
  func methodsAreSeparate() throws {
    let folder = try TemporaryFolder()
    let key = SecureRandom.bytes(32)
    let path = try folder.write(key, to: "key", mode: 0o600)
    let (keys, header) = try StoreKeys.create(
      kind: .vault, unlock: .rawKey(try RawKey(key.span)))
    var parsed = try StoreHeader.parse(header)
    guard case .rawKey(let salt) = parsed.parameters else {
      Issue.record("not a raw key's header")
      return
    }
    parsed.parameters = .keyFile(salt: salt)
    #expect(throws: SealingError.keyFile(.wrongKey)) {
      try StoreKeys.open(
        header: parsed.bytes, epochs: keys.sealedEpochs, kind: .vault, unlock: .keyFile(path))
    }
  }

  @Test("raw keys have 32 bytes and passphrases 1 to 1024")
  func lengths() throws {
    for count in [0, 31, 33] {
      #expect(throws: SealingError.wrongByteCount) { try RawKey(SecureRandom.bytes(count).span) }
    }
    for count in [0, 1025] {
      let text = String(repeating: "a", count: count)
      #expect(throws: SealingError.passphraseLength) { try Passphrase(text) }
    }
    let longest = String(repeating: "a", count: 1024)
    _ = try Passphrase(longest)
  }

  @Test("a passphrase written in the program that cannot be one ends it")
  func literals() async {
    await #expect(processExitsWith: .failure) { _ = Passphrase("") as Passphrase }
  }

  @Test("costs outside the limits cannot be made")
  func costs() {
    #expect(PassphraseCost(memoryBytes: 8 << 20, passes: 1) == .minimum)
    #expect(PassphraseCost(memoryBytes: 1 << 30, passes: 10) != nil)
    for (memory, passes) in [((8 << 20) - 1, 1), ((1 << 30) + 1, 1), (8 << 20, 0), (8 << 20, 11)] {
      #expect(PassphraseCost(memoryBytes: memory, passes: passes) == nil)
    }
  }

  @Test("a provider that fails, answers too much or has no decent name is a named error")
  func providers() throws {
    let (keys, header) = try StoreKeys.create(kind: .vault, unlock: .provider(TestProvider()))
    func open(_ provider: TestProvider) throws(SealingError) -> StoreKeys {
      try StoreKeys.open(
        header: header, epochs: keys.sealedEpochs, kind: .vault, unlock: .provider(provider))
    }
    #expect(throws: SealingError.wrongProvider(expected: "test provider")) {
      try open(TestProvider(name: "another"))
    }
    #expect(throws: SealingError.provider("test provider")) {
      try open(TestProvider(refuses: true))
    }
    #expect(throws: SealingError.provider("test provider")) {
      try open(TestProvider(returnsShortKey: true))
    }
    for bad in [TestProvider(refuses: true), TestProvider(wrappedCount: 4097)] {
      #expect(throws: SealingError.provider("test provider")) {
        try keys.rewrap(unlock: .provider(bad))
      }
    }
    _ = try keys.rewrap(unlock: .provider(TestProvider(wrappedCount: 4096)))
    for name in ["", String(repeating: "n", count: 65), "né", "a\nb"] {
      #expect(throws: SealingError.providerName) {
        try keys.rewrap(unlock: .provider(TestProvider(name: name)))
      }
    }
  }
}
