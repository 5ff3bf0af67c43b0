/// The same calls for keys and values that are text.
///
/// A `String` goes in as its UTF-16 code units, and is not normalised. Every text can be stored;
/// not everything stored is text, since a script may have cut a pair of surrogates in two.
extension LocalStorage {
  /// The value of a key; nil when there is no such item.
  ///
  /// - Throws: ``VaultError/loneSurrogate`` when the value is no text: nothing is repaired.
  ///   `getItem(Array(key.utf16))` gives its code units.
  public func getItem(_ key: String) throws(VaultError) -> String? {
    try Self.text(getItem(Array(key.utf16)))
  }

  /// Writes an item in the place of any other with this key; writing what is there changes nothing.
  ///
  /// - Throws: ``VaultError/quotaExceeded``, ``VaultError/itemTooLarge``; nothing is changed then.
  public func setItem(_ key: String, _ value: String) throws(VaultError) {
    try setItem(Array(key.utf16), Array(value.utf16))
  }

  /// Removes an item; removing what is not there changes nothing.
  public func removeItem(_ key: String) throws(VaultError) {
    try removeItem(Array(key.utf16))
  }

  /// The key at a place in the order of keys; nil outside `0..<count`.
  ///
  /// - Throws: ``VaultError/loneSurrogate`` when the key is no text; ``keyCodeUnits(at:)`` gives it.
  public func key(at index: Int) throws(VaultError) -> String? {
    try Self.text(keyCodeUnits(at: index))
  }

  private static func text(_ units: [UInt16]?) throws(VaultError) -> String? {
    guard let units else { return nil }
    guard let text = String(validating: units, as: UTF16.self) else { throw .loneSurrogate }
    return text
  }
}
