import CSodium
import ProveKeyPlatform

/// Random bytes from the operating system, for what is not secret itself: ids, nonces, salts.
///
/// Secrets are made in guarded memory: ``SecretBytes/random(count:)``.
public enum SecureRandom: Sendable {
  /// Returns `count` random bytes.
  public static func bytes(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    Entropy.system.fill(&span)
    return bytes
  }
}

/// The operating system's randomness as Swift's generator protocol.
public struct SecureRandomNumberGenerator: RandomNumberGenerator, Sendable {
  /// Makes a generator; it has no state.
  public init() {}

  /// Returns 64 random bits.
  public mutating func next() -> UInt64 {
    var word: InlineArray<8, UInt8> = .init(repeating: 0)
    var span = word.mutableSpan
    Entropy.system.fill(&span)
    return word.span.read(UInt64.self, at: 0)
  }
}

/// Where keys, nonces and salts come from: a parameter, so that a format can be pinned by a test.
package enum Entropy: Sendable {
  /// The operating system.
  case system
  /// A fixed sequence that protects nothing: only to write down the bytes of a format.
  case predictableForTests(PredictableBytes)

  /// Fills all of `span`.
  package func fill(_ span: inout MutableSpan<UInt8>) {
    switch self {
    case .system:
      Sodium.prepare()
      let count = span.count
      unsafe span.withMutablePointer { unsafe randombytes_buf($0, count) }
    case .predictableForTests(let sequence):
      sequence.fill(&span)
    }
  }
}

/// A sequence of bytes that is the same in every run: it counts from 0 to 255 and begins again.
package final class PredictableBytes: Sendable {
  private let next = Locked<UInt8>(0)

  /// Starts the sequence.
  package init() {}

  /// Writes the next bytes of the sequence.
  package func fill(_ span: inout MutableSpan<UInt8>) {
    for index in span.indices {
      span[index] = next.withLock { value in
        defer { value &+= 1 }
        return value
      }
    }
  }
}
