import Testing

@testable import ProveKeySealing

/// The bytes of format 1, written down once: today's code must make them and open them.
@Suite("Format 1")
struct GoldenFormatTests {
  private let unlock: UnlockMethod
  private let content = Array("the bytes of format 1".utf8)

  init() throws {
    unlock = .rawKey(try RawKey([UInt8](repeating: 0xA5, count: 32).span))
  }

  @Test("fixed randomness makes the bytes that were written down")
  func made() throws {
    let (keys, header) = try StoreKeys.create(
      kind: .vault, unlock: unlock, entropy: .predictableForTests(PredictableBytes()))
    let sealed = try keys.sealing(content, as: keys.place())
    let state = try keys.sealState(content.span, as: keys.place())
    #expect(hex(header) == hex(GoldenFormat1.header))
    #expect(keys.sealedEpochs == [SealedEpoch(epoch: 1, sealed: GoldenFormat1.epochKey)])
    #expect(hex(sealed) == hex(GoldenFormat1.record))
    #expect(hex(state) == hex(GoldenFormat1.state))
  }

  @Test("the bytes that were written down open")
  func opened() throws {
    let keys = try StoreKeys.open(
      header: GoldenFormat1.header,
      epochs: [SealedEpoch(epoch: 1, sealed: GoldenFormat1.epochKey)], kind: .vault,
      unlock: unlock)
    let sealedState = GoldenFormat1.state
    let state = try keys.openState(sealedState.span, as: keys.place())
    #expect(try keys.opening(GoldenFormat1.record, as: keys.place()) == content)
    #expect(state == content)
  }

  @Test("a passphrase's header that was written down opens")
  func passphrase() throws {
    let keys = try StoreKeys.open(
      header: GoldenFormat1.passphraseHeader,
      epochs: [SealedEpoch(epoch: 1, sealed: GoldenFormat1.epochKey)], kind: .vault,
      unlock: .passphrase("correct horse"))
    #expect(try keys.opening(GoldenFormat1.record, as: keys.place()) == content)
  }

  @Test("locators, elements and state digests are the ones that were written down")
  func derived() throws {
    let keys = try StoreKeys.create(
      kind: .vault, unlock: unlock, entropy: .predictableForTests(PredictableBytes())
    ).keys
    let locator = keys.locator("test", "device")
    let record = GoldenFormat1.record
    let element = keys.setElement(
      locator: locator, version: 7, commitment: record.span.extracting(33..<65))
    let digest = keys.stateDigest(generation: 3, count: 1, sum: element)
    #expect(hex(locator.bytes) == GoldenFormat1.locator)
    #expect(hex(element.bytes) == GoldenFormat1.element)
    #expect(hex(digest) == GoldenFormat1.stateDigest)
  }
}
