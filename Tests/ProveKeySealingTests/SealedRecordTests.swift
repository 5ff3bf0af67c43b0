import ProveKeyPlatform
import Testing

@testable import ProveKeySealing

@Suite("Sealed records")
struct SealedRecordTests {
  private let content: [UInt8] = [1, 2, 3]

  @Test("content of every length around the padding steps comes back as it was")
  func roundTrip() throws {
    let keys = try StoreKeys.forTesting()
    for count in Array(0...70) + [1000, 1020, 1021, 100_000] {
      let content = SecureRandom.bytes(count)
      let sealed = try keys.sealing(content, as: keys.place())
      #expect(sealed.count == SealedRecord.sealedCount(contentCount: count))
      #expect((sealed.count - SealedRecord.overhead) % 32 == 0)
      #expect(try keys.opening(sealed, as: keys.place()) == content)
      let lent = try keys.withOpened(sealed.span, as: keys.place()) { $0.copied }
      #expect(lent == content)
      let secret = try keys.openSecret(sealed.span, as: keys.place())
      let guarded = secret.withBytes { $0.copied }
      #expect(guarded == content)
      let sealedSecret = try keys.sealSecret(secret, as: keys.place())
      #expect(try keys.opening(sealedSecret, as: keys.place()) == content)
    }
  }

  @Test("contents whose lengths fall into one step of 32 cannot be told apart by length")
  func padding() throws {
    let keys = try StoreKeys.forTesting()
    let counts = try Set(
      (0...28).map { try keys.sealing([UInt8](repeating: 9, count: $0), as: keys.place()).count })
    #expect(counts == [SealedRecord.overhead + 32])
    #expect(try keys.sealing([UInt8](repeating: 9, count: 29), as: keys.place()).count == 145)
  }

  @Test("sealing the same content twice gives different nonces, commitments and ciphertexts")
  func freshNonces() throws {
    let keys = try StoreKeys.forTesting()
    let first = try keys.sealing(content, as: keys.place())
    let second = try keys.sealing(content, as: keys.place())
    #expect(first[9..<33] != second[9..<33])
    #expect(first[33..<65] != second[33..<65])
    #expect(first[65...] != second[65...])
  }

  @Test("flipping any bit is an error of the right kind and never a value")
  func everyBit() throws {
    let keys = try StoreKeys.forTesting()
    let place = keys.place()
    let sealed = try keys.sealing(content, as: place)
    for bit in 0..<(sealed.count * 8) {
      var changed = sealed
      changed[bit / 8] ^= 1 << (bit % 8)
      let expected: SealingError =
        switch bit / 8 {
        case 0: .unknownFormat(changed[0])
        case 1..<5: .unknownEpoch(changed.span.read(UInt32.self, at: 1))
        case 5..<9: .foreignStore
        default: .damaged(.record)
        }
      #expect(throws: expected, "bit \(bit)") { try keys.opening(changed, as: place) }
      #expect(throws: expected, "bit \(bit)") {
        try keys.withOpened(changed.span, as: place) { $0.count }
      }
    }
  }

  @Test("truncation at every byte and appended bytes are errors")
  func lengths() throws {
    let keys = try StoreKeys.forTesting()
    let place = keys.place()
    let sealed = try keys.sealing([UInt8](repeating: 7, count: 100), as: place)
    for count in 0..<sealed.count {
      #expect(throws: SealingError.damaged(.record)) {
        try keys.opening(Array(sealed[..<count]), as: place)
      }
    }
    for extra in [1, 16, 32] {
      #expect(throws: SealingError.damaged(.record)) {
        try keys.opening(sealed + [UInt8](repeating: 0, count: extra), as: place)
      }
    }
  }

  @Test("a record does not open under another table, row, version or column")
  func movedRecords() throws {
    let keys = try StoreKeys.forTesting()
    let sealed = try keys.sealing(content, as: keys.place())
    let elsewhere = [
      keys.place(table: "record"), keys.place(table: ""), keys.place(name: "other"),
      keys.place(version: 8), keys.place(version: 7 << 8), keys.place(columns: []),
      keys.place(columns: [[1], [2], [3]]), keys.place(columns: [[1, 2], [3]]),
      keys.place(columns: [[2, 3], [1]]), keys.place(columns: [[1], [2, 4]]),
      keys.place(columns: [[1], [2, 3], []]),
    ]
    for place in elsewhere {
      #expect(throws: SealingError.damaged(.record), "\(place)") {
        try keys.opening(sealed, as: place)
      }
    }
  }

  @Test("a record does not open in another store, even one with the same tag and data key")
  func movedBetweenStores() throws {
    let keys = try StoreKeys.forTesting()
    let other = try StoreKeys.forTesting()
    let sealed = try keys.sealing(content, as: keys.place())
    #expect(throws: SealingError.foreignStore) { try other.opening(sealed, as: keys.place()) }

    var twinID = keys.storeID.bytes
    twinID[15] ^= 1
    let twin = try #require(StoreID(twinID))
    #expect(try openByHand(sealed, keys, storeID: keys.storeID, epoch: 1) == content)
    #expect(throws: SealingError.damaged(.record)) {
      try openByHand(sealed, keys, storeID: twin, epoch: 1)
    }
  }

  @Test("a record does not open in another epoch, even one with the same data key")
  func movedBetweenEpochs() throws {
    let keys = try StoreKeys.forTesting()
    let sealed = try keys.sealing(content, as: keys.place())
    #expect(throws: SealingError.damaged(.record)) {
      try openByHand(sealed, keys, storeID: keys.storeID, epoch: 2)
    }
    _ = try keys.addEpoch()
    var moved = sealed
    moved[4] = 2
    #expect(throws: SealingError.damaged(.record)) { try keys.opening(moved, as: keys.place()) }
  }

  @Test("authentic text with a wrong count or padding that is not zero is refused")
  func forgedPadding() throws {
    let keys = try StoreKeys.forTesting()
    func forged(_ text: [UInt8]) throws -> [UInt8] {
      try ByHand.seal(text: text, under: keys, place: keys.place(), entropy: .system)
    }
    func text(count: UInt8, _ rest: [UInt8]) -> [UInt8] {
      [0, 0, 0, count] + rest + [UInt8](repeating: 0, count: 28 - rest.count)
    }
    #expect(try keys.opening(forged(text(count: 2, [8, 9])), as: keys.place()) == [8, 9])
    let refused = [
      text(count: 1, [8, 9]), text(count: 0, [0, 0, 1]), text(count: 29, []),
      text(count: 60, []), [0xFF, 0xFF, 0xFF, 0xFF] + [UInt8](repeating: 0, count: 28),
      text(count: 2, [8, 9]) + [UInt8](repeating: 0, count: 32),
    ]
    for text in refused {
      let sealed = try forged(text)
      #expect(throws: SealingError.damaged(.record)) { try keys.opening(sealed, as: keys.place()) }
      #expect(throws: SealingError.damaged(.record)) {
        _ = try keys.openSecret(sealed.span, as: keys.place())
      }
    }
  }

  @Test("a record that commits to another key is refused although its tag is right")
  func commitment() throws {
    let keys = try StoreKeys.forTesting()
    let sealed = try ByHand.seal(
      text: [UInt8](repeating: 0, count: 32), under: keys, place: keys.place(), entropy: .system,
      wrongCommitment: true)
    #expect(throws: SealingError.damaged(.record)) { try keys.opening(sealed, as: keys.place()) }
  }

  @Test("content of more than 16 MiB is refused both ways")
  func sizeLimit() throws {
    let keys = try StoreKeys.forTesting()
    let limit = SealedRecord.maximumContentCount
    let large = [UInt8](repeating: 1, count: limit + 1)
    #expect(throws: SealingError.tooLarge) { try keys.sealing(large, as: keys.place()) }
    var sealed = [UInt8](repeating: 0, count: SealedRecord.sealedCount(contentCount: limit) + 32)
    sealed[0] = 1
    #expect(throws: SealingError.tooLarge) { try keys.opening(sealed, as: keys.place()) }
    let most = Array(large.dropLast())
    #expect(try keys.opening(keys.sealing(most, as: keys.place()), as: keys.place()) == most)
  }

  @Test("epoch and commitment are read by name, and only from a sealed record")
  func accessors() throws {
    let keys = try StoreKeys.forTesting()
    _ = try keys.addEpoch()
    let sealed = try keys.sealing(content, as: keys.place())
    let commitment = Array(sealed[33..<65])
    let epoch = try SealedRecord.epoch(of: sealed.span)
    let read = try SealedRecord.commitment(of: sealed.span)
    let value = try SealedRecord.commitmentValue(of: sealed.span)
    #expect(epoch == 2)
    #expect(read == commitment && value.bytes == commitment)
    #expect(SealedRecord.Commitment(commitment.span) == value)
    #expect(throws: SealingError.damaged(.record)) { try SealedRecord.epoch(of: Span()) }
    #expect(throws: SealingError.unknownFormat(2)) {
      let other = [2] + sealed.dropFirst()
      return try SealedRecord.commitment(of: other.span)
    }
  }

  @Test("state and records do not open as each other, and state errors name the state")
  func state() throws {
    let keys = try StoreKeys.forTesting()
    let place = keys.place()
    let record = try keys.sealing(content, as: place)
    let state = try keys.sealState(content.span, as: place)
    let opened = try keys.openState(state.span, as: place)
    #expect(opened == content)
    #expect(throws: SealingError.unknownEpoch(0)) { try keys.opening(state, as: place) }
    #expect(throws: SealingError.damaged(.state)) { try keys.openState(record.span, as: place) }
    #expect(throws: SealingError.damaged(.state)) {
      try keys.openState(state.span, as: keys.place(version: 8))
    }
    for index in Array(1..<5) + Array(9..<state.count) {
      var changed = state
      changed[index] ^= 1
      #expect(throws: SealingError.damaged(.state)) { try keys.openState(changed.span, as: place) }
    }
    let disguised = [1, 0, 0, 0, 0] + record.dropFirst(5)
    #expect(throws: SealingError.damaged(.state)) {
      try keys.openState(disguised.span, as: place)
    }
  }

  private func openByHand(
    _ sealed: [UInt8], _ keys: StoreKeys, storeID: StoreID, epoch: UInt32
  ) throws -> [UInt8] {
    let envelope = RecordEnvelope(
      storeID: storeID, epoch: epoch, record: keys.place(), part: .record)
    let key = try keys.epochs.withLock { try $0.key(for: 1) }
    return try key.bytes.withBytes { key in
      try envelope.open(
        sealed.span, textCount: sealed.count - SealedRecord.overhead, key: key)
    }
  }
}
