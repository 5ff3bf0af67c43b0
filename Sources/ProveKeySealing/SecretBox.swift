/// Shares one ``SecretBytes``, which cannot be copied, between several owners.
public final class SecretBox: Sendable {
  /// The bytes; freed and zeroed with the last owner.
  public let bytes: SecretBytes

  /// Takes over `bytes`.
  public init(_ bytes: consuming SecretBytes) {
    self.bytes = bytes
  }
}

extension SecretBox: CustomStringConvertible, CustomReflectable {
  /// Says that there is a secret, not which.
  public var description: String { "SecretBox(redacted)" }

  /// Shows nothing to `dump`.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}
