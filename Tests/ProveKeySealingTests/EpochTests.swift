import Testing

@testable import ProveKeySealing

@Suite("Epochs")
struct EpochTests {
  private let content: [UInt8] = [4, 5, 6]

  @Test("a new epoch seals what is new and still opens what is old")
  func rotation() throws {
    let keys = try StoreKeys.forTesting()
    let old = try keys.sealing(content, as: keys.place())
    let added = try keys.addEpoch()
    let new = try keys.sealing(content, as: keys.place())
    #expect(added.epoch == 2 && keys.currentEpoch == 2)
    #expect(old[4] == 1 && new[4] == 2)
    #expect(try keys.opening(old, as: keys.place()) == content)
    #expect(try keys.opening(new, as: keys.place()) == content)
    #expect(keys.sealedEpochs.map(\.epoch) == [1, 2])
  }

  @Test("a retired epoch's records and key are refused, and the current epoch is never retired")
  func retirement() throws {
    let keys = try StoreKeys.forTesting()
    let old = try keys.sealing(content, as: keys.place())
    let sealedKey = keys.sealedEpochs[0]
    #expect(throws: SealingError.epochIsCurrent(1)) { try keys.retire(epoch: 1) }
    _ = try keys.addEpoch()
    try keys.retire(epoch: 1)
    try keys.retire(epoch: 1)
    #expect(keys.sealedEpochs.map(\.epoch) == [2])
    #expect(throws: SealingError.epochRetired(1)) { try keys.opening(old, as: keys.place()) }
    #expect(throws: SealingError.epochRetired(1)) { try keys.adopt(sealedKey) }
    #expect(throws: SealingError.unknownEpoch(9)) { try keys.retire(epoch: 9) }
  }

  @Test("epochs below the minimum are refused although their keys are there, and it never falls")
  func minimum() throws {
    let unlock = UnlockMethod.rawKey(try RawKey.random())
    let (keys, header) = try StoreKeys.create(kind: .registry, unlock: unlock)
    let old = try keys.sealing(content, as: keys.place())
    _ = try keys.addEpoch()
    let again = try StoreKeys.open(
      header: header, epochs: keys.sealedEpochs, kind: .registry, unlock: unlock)
    #expect(again.minimumEpoch == 1)
    #expect(try again.opening(old, as: again.place()) == content)
    again.refuse(epochsBelow: 2)
    again.refuse(epochsBelow: 1)
    #expect(again.minimumEpoch == 2)
    #expect(throws: SealingError.epochRetired(1)) { try again.opening(old, as: again.place()) }
    again.refuse(epochsBelow: 3)
    #expect(throws: SealingError.epochRetired(2)) {
      try again.sealing(content, as: again.place())
    }
  }

  @Test("a prepared epoch is not used before it is adopted")
  func preparation() throws {
    let unlock = UnlockMethod.rawKey(try RawKey.random())
    let (keys, header) = try StoreKeys.create(kind: .vault, unlock: unlock)
    let reader = try StoreKeys.open(
      header: header, epochs: keys.sealedEpochs, kind: .vault, unlock: unlock)
    let prepared = try keys.prepareEpoch()
    #expect(keys.currentEpoch == 1)
    #expect(try keys.sealing(content, as: keys.place())[4] == 1)
    try keys.adopt(prepared)
    try keys.adopt(prepared)
    let new = try keys.sealing(content, as: keys.place())
    #expect(new[4] == 2)
    #expect(throws: SealingError.unknownEpoch(2)) { try reader.opening(new, as: keys.place()) }
    try reader.adopt(prepared)
    #expect(try reader.opening(new, as: keys.place()) == content)
  }

  @Test("a sealed data key opens only as its own epoch, in its own store, unchanged")
  func sealedKeys() throws {
    let keys = try StoreKeys.forTesting()
    let prepared = try keys.prepareEpoch()
    #expect(throws: SealingError.damaged(.epochKey)) {
      try keys.adopt(SealedEpoch(epoch: 3, sealed: prepared.sealed))
    }
    var renumbered = prepared.sealed
    renumbered[4] = 3
    #expect(throws: SealingError.damaged(.epochKey)) {
      try keys.adopt(SealedEpoch(epoch: 3, sealed: renumbered))
    }
    #expect(throws: SealingError.foreignStore) { try StoreKeys.forTesting().adopt(prepared) }
    for index in Array(1..<5) + Array(9..<prepared.sealed.count) {
      var changed = prepared.sealed
      changed[index] ^= 0x10
      #expect(throws: SealingError.damaged(.epochKey)) {
        try keys.adopt(SealedEpoch(epoch: 2, sealed: changed))
      }
    }
    #expect(keys.currentEpoch == 1)
  }

  @Test("a store does not open without data keys, nor with one of them twice")
  func missingKeys() throws {
    let unlock = UnlockMethod.rawKey(try RawKey.random())
    let (keys, header) = try StoreKeys.create(kind: .vault, unlock: unlock)
    for epochs in [[], keys.sealedEpochs + keys.sealedEpochs] {
      #expect(throws: SealingError.damaged(.epochKey)) {
        try StoreKeys.open(header: header, epochs: epochs, kind: .vault, unlock: unlock)
      }
    }
  }

  @Test("keys of more than 256 epochs are never held at once")
  func epochLimit() throws {
    let keys = try StoreKeys.forTesting()
    for _ in 1..<256 { _ = try keys.addEpoch() }
    #expect(throws: SealingError.tooLarge) { try keys.addEpoch() }
    try keys.retire(epoch: 1)
    #expect(try keys.addEpoch().epoch == 257)
  }

  @Test("threads that seal and open while epochs are added and retired see no error but retirement")
  func concurrency() async throws {
    let keys = try StoreKeys.forTesting()
    let content = content
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          for _ in 0..<300 {
            let sealed = try keys.sealing(content, as: keys.place())
            do {
              #expect(try keys.opening(sealed, as: keys.place()) == content)
            } catch SealingError.epochRetired {
              continue
            }
          }
        }
      }
      group.addTask {
        for _ in 0..<50 { try keys.retire(epoch: keys.addEpoch().epoch - 1) }
      }
      try await group.waitForAll()
    }
    #expect(keys.currentEpoch == 51)
  }
}
