import ProveKeySealing

/// Bytes as text on the wire: base64url without padding.
package enum WireText: Sendable {
  /// The text of bytes.
  package static func text(_ bytes: [UInt8]) -> String { Base64URL.encode(bytes) }

  /// The bytes of a text; nothing for what is none.
  package static func bytes(_ text: String) -> [UInt8]? { Base64URL.decode(text) }
}
