import ProveKeySealing
import Testing

@Suite("Set digests")
struct SetDigestTests {
  /// The same integer modulo 2^256 as 32 bytes, least significant first, added by hand.
  private struct Model: Equatable {
    var digits = [UInt8](repeating: 0, count: 32)

    init(_ bytes: [UInt8]) { digits = bytes.reversed() }

    mutating func add(_ other: Model) {
      var carry = 0
      for index in digits.indices {
        let sum = Int(digits[index]) + Int(other.digits[index]) + carry
        digits[index] = UInt8(sum & 0xFF)
        carry = sum >> 8
      }
    }

    mutating func subtract(_ other: Model) {
      var borrow = 0
      for index in digits.indices {
        let difference = Int(digits[index]) - Int(other.digits[index]) - borrow
        digits[index] = UInt8(difference & 0xFF)
        borrow = difference < 0 ? 1 : 0
      }
    }
  }

  /// Values at the edges of the four limbs, and random ones.
  private static let values: [[UInt8]] = {
    var values = [[UInt8](repeating: 0, count: 32), [UInt8](repeating: 0xFF, count: 32)]
    for position in 0..<32 {
      var single = values[0]
      single[position] = 1
      var hole = values[1]
      hole[position] = 0
      values += [single, hole]
    }
    return values + (0..<30).map { _ in SecureRandom.bytes(32) }
  }()

  @Test("addition and subtraction agree with digit-by-digit arithmetic modulo 2^256")
  func arithmetic() throws {
    for left in Self.values {
      for right in Self.values {
        var sum = try #require(SetDigest(left))
        var modelSum = Model(left)
        sum.add(try #require(SetDigest(right)))
        modelSum.add(Model(right))
        #expect(Model(sum.bytes) == modelSum)

        var difference = try #require(SetDigest(left))
        var modelDifference = Model(left)
        difference.subtract(try #require(SetDigest(right)))
        modelDifference.subtract(Model(right))
        #expect(Model(difference.bytes) == modelDifference)
      }
    }
  }

  @Test("bytes survive a round trip and any other number of them is refused")
  func roundTrip() {
    for value in Self.values { #expect(SetDigest(value)?.bytes == value) }
    #expect(SetDigest([UInt8](repeating: 0, count: 31)) == nil)
    #expect(SetDigest.zero.bytes == [UInt8](repeating: 0, count: 32))
  }

  @Test("a set's sum does not depend on order, and an element counted twice does not vanish")
  func multiset() throws {
    let keys = try StoreKeys.forTesting()
    let elements = (0..<50).map { index in
      keys.setElement(
        locator: keys.locator("d", "\(index)"), version: UInt64(index),
        commitment: SecureRandom.bytes(32).span)
    }
    var forward = SetDigest.zero
    var shuffled = SetDigest.zero
    for element in elements { forward.add(element) }
    for element in elements.shuffled() { shuffled.add(element) }
    #expect(forward == shuffled)

    var twice = forward
    twice.add(elements[0])
    twice.add(elements[0])
    #expect(twice != forward)
    twice.subtract(elements[0])
    twice.subtract(elements[0])
    #expect(twice == forward)
  }

  @Test("an element depends on locator, version, commitment and store")
  func elements() throws {
    let keys = try StoreKeys.forTesting()
    let other = try StoreKeys.forTesting()
    let locator = keys.locator("d", "1")
    let commitment = SecureRandom.bytes(32)
    let changed = [commitment[0] ^ 1] + commitment.dropFirst()
    let element = keys.setElement(locator: locator, version: 1, commitment: commitment.span)
    let read = SealedRecord.Commitment(commitment.span)
    let value = try #require(read)
    let others = [
      keys.setElement(locator: keys.locator("d", "2"), version: 1, commitment: commitment.span),
      keys.setElement(locator: locator, version: 2, commitment: commitment.span),
      keys.setElement(locator: locator, version: 1, commitment: changed.span),
      other.setElement(locator: locator, version: 1, commitment: commitment.span),
    ]
    #expect(!others.contains(element))
    #expect(keys.setElement(locator: locator, version: 1, commitment: value) == element)
  }

  @Test("a state's digest depends on generation, count, sum and store, and is not the sum")
  func stateDigest() throws {
    let keys = try StoreKeys.forTesting()
    let sum = try #require(SetDigest(SecureRandom.bytes(32)))
    let digest = keys.stateDigest(generation: 1, count: 2, sum: sum)
    #expect(digest.count == 32 && digest != sum.bytes)
    #expect(digest == keys.stateDigest(generation: 1, count: 2, sum: sum))
    let others = [
      keys.stateDigest(generation: 2, count: 2, sum: sum),
      keys.stateDigest(generation: 2, count: 1, sum: sum),
      keys.stateDigest(generation: 1, count: 2, sum: .zero),
      try StoreKeys.forTesting().stateDigest(generation: 1, count: 2, sum: sum),
    ]
    #expect(!others.contains(digest))
  }
}
