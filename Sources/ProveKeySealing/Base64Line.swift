import CSodium

/// Base64 with padding (RFC 4648, section 4) between guarded memories, in constant time.
enum Base64Line {
  /// How many characters `count` bytes take.
  static func encodedCount(_ count: Int) -> Int { (count + 2) / 3 * 4 }

  /// Writes the characters of `bytes` from `offset` on; the byte behind them is zeroed as well.
  static func encode(_ bytes: Span<UInt8>, into text: inout MutableSpan<UInt8>, at offset: Int) {
    let capacity = encodedCount(bytes.count) + 1
    precondition(offset >= 0 && text.count - offset >= capacity)
    unsafe text.withUnsafeMutableBufferPointer { text in
      guard let base = text.baseAddress else { return }
      unsafe (base + offset).withMemoryRebound(to: CChar.self, capacity: capacity) { target in
        unsafe bytes.withPointer { source in
          _ = unsafe sodium_bin2base64(
            target, capacity, source, bytes.count, sodium_base64_VARIANT_ORIGINAL)
        }
      }
    }
  }

  /// Reads one line; nothing unless it is base64 of 1 to `limit` bytes and at most a line's end.
  static func decode(
    _ line: Span<UInt8>, atMost limit: Int
  ) throws(SealingError) -> SecretBytes? {
    var count = line.count
    if count > 0, line[count - 1] == UInt8(ascii: "\n") { count -= 1 }
    if count > 0, line[count - 1] == UInt8(ascii: "\r") { count -= 1 }
    guard count >= 4, count % 4 == 0 else { return nil }
    let padding =
      (line[count - 1] == UInt8(ascii: "=") ? 1 : 0)
      + (line[count - 2] == UInt8(ascii: "=") ? 1 : 0)
    let byteCount = count / 4 * 3 - padding
    guard byteCount <= limit else { return nil }
    var isRead = false
    let bytes = try SecretBytes(count: byteCount) { bytes throws(SealingError) in
      isRead = decode(line.extracting(0..<count), into: &bytes)
    }
    guard isRead else { return nil }
    return bytes
  }

  private static func decode(_ text: Span<UInt8>, into bytes: inout MutableSpan<UInt8>) -> Bool {
    Sodium.prepare()
    let (expected, textCount) = (bytes.count, text.count)
    var count = 0
    let status = unsafe bytes.withMutablePointer { bytes in
      unsafe text.withPointer { text in
        unsafe text.withMemoryRebound(to: CChar.self, capacity: textCount) { characters in
          unsafe sodium_base642bin(
            bytes, expected, characters, textCount, nil, &count, nil,
            sodium_base64_VARIANT_ORIGINAL)
        }
      }
    }
    return status == 0 && count == expected
  }
}
