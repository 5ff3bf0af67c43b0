import Glibc

/// A quick hash with a seed of the process, for tables that are only kept in memory.
///
/// Whoever chooses the names cannot choose where they go without knowing the seed; it is no hash for
/// anything that is stored or sent. The same multiplication and folding as in wyhash.
package enum SeededHash {
  private static let seeds: (UInt64, UInt64) = {
    var generator = SystemRandomNumberGenerator()
    return (generator.next(), generator.next())
  }()

  /// The hash of some bytes.
  package static func hash(_ bytes: Span<UInt8>) -> UInt64 {
    let (first, second) = seeds
    var hash = first ^ UInt64(truncatingIfNeeded: bytes.count)
    unsafe bytes.withUnsafeBytes { bytes in
      var offset = 0
      while offset + 16 <= bytes.count {
        let low = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        let high = unsafe bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)
        hash = fold(hash ^ low, second ^ high)
        offset += 16
      }
      if offset == bytes.count { return }
      // The rest: its bytes in two words, the second of which may be empty.
      var (low, high): (UInt64, UInt64) = (0, 0)
      if bytes.count >= 16 {
        low = unsafe bytes.loadUnaligned(fromByteOffset: bytes.count - 16, as: UInt64.self)
        high = unsafe bytes.loadUnaligned(fromByteOffset: bytes.count - 8, as: UInt64.self)
      } else {
        for index in offset..<bytes.count {
          let byte = UInt64(unsafe bytes[index])
          if index < 8 { low |= byte << (8 * index) } else { high |= byte << (8 * (index - 8)) }
        }
      }
      hash = fold(hash ^ low, second ^ high)
    }
    return fold(hash, second)
  }

  /// The hash of two words.
  @inline(__always)
  package static func hash(_ high: UInt64, _ low: UInt64) -> UInt64 {
    let (first, second) = seeds
    return fold(fold(high ^ first, low ^ second), second)
  }

  @inline(__always)
  private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let product = left.multipliedFullWidth(by: right)
    return product.high ^ product.low
  }

  /// Whether both are the same bytes.
  package static func areSame(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    return unsafe left.withUnsafeBufferPointer { left in
      unsafe right.withUnsafeBufferPointer { right in
        guard let first = left.baseAddress, let second = right.baseAddress else { return true }
        return unsafe memcmp(first, second, left.count) == 0
      }
    }
  }
}
