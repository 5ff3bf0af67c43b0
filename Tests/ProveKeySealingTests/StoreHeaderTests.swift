import Testing

@testable import ProveKeySealing

@Suite("Store headers")
struct StoreHeaderTests {
  private let unlocks: [UnlockMethod]

  init() throws {
    unlocks = [
      .rawKey(try RawKey.random()), .passphrase("correct horse", cost: .minimum),
      .provider(TestProvider()),
    ]
  }

  /// A store and a way to open it under another header.
  private struct Locked {
    let keys: StoreKeys
    let header: [UInt8]
    let unlock: UnlockMethod

    init(_ unlock: UnlockMethod) throws {
      (keys, header) = try StoreKeys.create(kind: .vault, unlock: unlock)
      self.unlock = unlock
    }

    func open(_ header: [UInt8]) throws(SealingError) -> StoreKeys {
      try StoreKeys.open(
        header: header, epochs: keys.sealedEpochs, kind: .vault, unlock: unlock)
    }
  }

  /// The header with its unkeyed checksum made anew, as any forger can.
  private func mended(_ header: [UInt8]) -> [UInt8] {
    let content = Array(header.dropLast(32))
    return content + Hashing.blake2b256(of: content.span)
  }

  @Test("every bit flipped is an error, and decay is never called a wrong key")
  func everyBit() throws {
    for unlock in unlocks {
      let locked = try Locked(unlock)
      for bit in 0..<(locked.header.count * 8) {
        var changed = locked.header
        changed[bit / 8] ^= 1 << (bit % 8)
        let expected: SealingError =
          bit / 8 == 8 ? .unknownFormat(changed[8]) : .damaged(.header)
        #expect(throws: expected, "bit \(bit)") { try locked.open(changed) }
      }
    }
  }

  @Test("every byte changed with the checksum mended is an error of the part it belongs to")
  func everyByteMended() throws {
    let locked = try Locked(unlocks[0])
    #expect(locked.header.count == 8 + 1 + 1 + 16 + 1 + 16 + 24 + 32 + 48 + 32 + 32)
    for index in 0..<(locked.header.count - 32) {
      var changed = locked.header
      changed[index] ^= 0x40
      let expected: SealingError =
        switch index {
        case 0..<8: .damaged(.header)  // magic
        case 8: .unknownFormat(changed[8])
        case 9: .wrongKind
        case 10..<26: .tampered(.header)  // store id
        case 26: .damaged(.header)  // method
        case 27..<43: .wrongKey  // salt
        case 43..<67: .wrongKey  // nonce
        case 67..<99: .wrongKey  // key check
        default: .tampered(.header)  // root, MAC
        }
      #expect(throws: expected, "byte \(index)") { try locked.open(mended(changed)) }
    }
  }

  @Test("the header of another store, with the checksum mended, is not this one's")
  func spliced() throws {
    let (one, other) = (try Locked(unlocks[0]), try Locked(unlocks[0]))
    let sameKeyOtherStore = Array(one.header[..<10] + other.header[10..<26] + one.header[26...])
    #expect(throws: SealingError.tampered(.header)) { try one.open(mended(sameKeyOtherStore)) }
    #expect(throws: SealingError.foreignStore) { try one.open(other.header) }
  }

  @Test("truncation at every byte and appended bytes are damage, with the checksum mended too")
  func lengths() throws {
    let locked = try Locked(unlocks[0])
    for count in 0..<locked.header.count {
      let short = Array(locked.header[..<count])
      #expect(throws: SealingError.damaged(.header)) { try locked.open(short) }
      // Before the format can be read, a mended checksum stands in its place.
      guard count > 41 else { continue }
      #expect(throws: SealingError.damaged(.header)) { try locked.open(mended(short)) }
    }
    let long = locked.header + [0]
    #expect(throws: SealingError.damaged(.header)) { try locked.open(mended(long)) }
    let giant = locked.header + [UInt8](repeating: 0, count: StoreHeader.maximumCount)
    #expect(throws: SealingError.damaged(.header)) { try locked.open(mended(giant)) }
  }

  @Test(
    "a forged passphrase cost is refused before any of it is spent",
    arguments: [
      (UInt64.max, 1), (1 << 40, 1), ((1 << 30) + 1, 1), ((8 << 20) - 1, 1), (0, 1),
      (8 << 20, UInt32.max), (8 << 20, 11), (8 << 20, 0),
    ] as [(UInt64, UInt32)])
  func forgedCost(memoryBytes: UInt64, passes: UInt32) throws {
    let locked = try Locked(unlocks[1])
    var header = try StoreHeader.parse(locked.header)
    guard case .passphrase(let salt, _, _) = header.parameters else {
      Issue.record("not a passphrase's header")
      return
    }
    header.parameters = .passphrase(salt: salt, memoryBytes: memoryBytes, passes: passes)
    #expect(throws: SealingError.costOutOfBounds) { try locked.open(header.bytes) }
  }

  @Test("a cost that was raised within the limits is a wrong passphrase, and no more")
  func raisedCost() throws {
    let locked = try Locked(unlocks[1])
    var header = try StoreHeader.parse(locked.header)
    guard case .passphrase(let salt, let memoryBytes, _) = header.parameters else {
      Issue.record("not a passphrase's header")
      return
    }
    header.parameters = .passphrase(salt: salt, memoryBytes: memoryBytes, passes: 2)
    #expect(throws: SealingError.wrongPassphrase) { try locked.open(header.bytes) }
  }

  @Test("an unknown format is told from damage, whatever follows")
  func unknownFormat() throws {
    let locked = try Locked(unlocks[0])
    #expect(throws: SealingError.unknownFormat(2)) {
      try locked.open(StoreHeader.magic + [2, 9, 9])
    }
  }

  @Test("two headers around one root share no salt, nonce, check or ciphertext")
  func fresh() throws {
    let locked = try Locked(unlocks[0])
    let again = try locked.keys.rewrap(unlock: unlocks[0])
    for range in [27..<43, 43..<67, 67..<99, 99..<147] {
      #expect(again[range] != locked.header[range])
    }
  }
}
