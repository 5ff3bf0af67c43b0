extension KeyVault {
  /// The localStorage role: names and values of one origin, as a web page would keep them.
  ///
  /// Every call gives a handle of its own. Handles of one origin share their items, also those of
  /// other vault objects on the same file, and hear of each other's writes; origins share nothing.
  /// Nothing is written before the first item is.
  /// - Parameters:
  ///   - origin: the web origin, as in `https://shop.example`, or the app's id: 1 to 255 UTF-8
  ///     bytes without control characters, taken as they stand and not normalised.
  ///   - quotaCodeUnits: how many UTF-16 code units the origin's keys and values may have together,
  ///     0 to 67,108,864; it binds the writes of this handle. What is stored already is kept when
  ///     it is more, and may be made less.
  /// - Throws: ``VaultError/invalidOrigin``, ``VaultError/quotaOutOfBounds``.
  public func localStorage(
    for origin: String, quotaCodeUnits: Int = 5_242_880
  ) throws(VaultError) -> LocalStorage {
    let (room, topic) = try withRing { ring throws(VaultError) in
      try ring.shelf.room(for: origin, quota: quotaCodeUnits)
    }
    return LocalStorage(self, room, topic)
  }
}
