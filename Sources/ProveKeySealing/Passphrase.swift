/// What a person knows, in guarded memory: 1 to 1024 bytes of UTF-8, taken as they stand.
///
/// Nothing is normalised or trimmed: a passphrase typed with other code points for the same letter
/// is another passphrase. A Swift `String` cannot be zeroed; where that matters pass bytes.
public final class Passphrase: Sendable, ExpressibleByStringLiteral {
  /// The most bytes a passphrase may have.
  public static let maximumByteCount = 1024
  let box: SecretBox

  /// Copies the UTF-8 of a text.
  ///
  /// - Throws: ``SealingError/passphraseLength``, ``SealingError/lockedMemoryExhausted``.
  public convenience init(_ text: String) throws(SealingError) {
    try self.init(utf8: text.utf8Span.span)
  }

  /// Copies bytes; zeroing the original is the caller's part.
  ///
  /// - Throws: ``SealingError/passphraseLength``, ``SealingError/lockedMemoryExhausted``.
  public init(utf8 bytes: Span<UInt8>) throws(SealingError) {
    guard bytes.count >= 1, bytes.count <= Self.maximumByteCount else { throw .passphraseLength }
    box = SecretBox(try SecretBytes(copying: bytes))
  }

  /// Takes a passphrase written in the program; one of 0 or more than 1024 bytes traps.
  public convenience init(stringLiteral text: StaticString) {
    let text = text.description
    do throws(SealingError) {
      try self.init(utf8: text.utf8Span.span)
    } catch {
      preconditionFailure("a passphrase in the program cannot be used: \(error)")
    }
  }
}

extension Passphrase: CustomStringConvertible, CustomReflectable {
  /// Says that there is a passphrase, not which.
  public var description: String { "Passphrase(redacted)" }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}
