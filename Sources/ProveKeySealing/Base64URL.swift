import CSodium

/// URL-safe Base64 without padding, for tickets and cursors.
///
/// Source: RFC 4648, section 5.
package enum Base64URL: Sendable {
  /// Writes bytes as text.
  package static func encode(_ bytes: [UInt8]) -> String {
    let variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING
    let capacity = sodium_base64_encoded_len(bytes.count, variant)
    // The capacity counts a terminating NUL, which is no part of the text.
    var text = [CChar](repeating: 0, count: capacity)
    unsafe bytes.withUnsafeBufferPointer { source in
      _ = unsafe sodium_bin2base64(&text, capacity, source.baseAddress, source.count, variant)
    }
    return String(decoding: text.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Reads text, or nothing when it is not exactly what ``encode(_:)`` writes.
  package static func decode(_ text: String) -> [UInt8]? {
    let source = text.utf8.map { CChar(bitPattern: $0) }
    guard !source.isEmpty else { return [] }
    var bytes = [UInt8](repeating: 0, count: source.count)
    var count = 0
    let status = unsafe sodium_base642bin(
      &bytes, bytes.count, source, source.count, nil, &count, nil,
      sodium_base64_VARIANT_URLSAFE_NO_PADDING)
    return status == 0 ? Array(bytes[..<count]) : nil
  }
}
