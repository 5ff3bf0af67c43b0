import CSodium

/// The one place where libsodium is made ready.
enum Sodium {
  /// Initialises libsodium on first use; every wrapper calls it before its first C call.
  ///
  /// `sodium_init` picks the processor's fastest code paths and fails only when the system has
  /// no source of randomness, where going on would be a lie.
  @inline(__always)
  static func prepare() {
    _ = ready
  }

  private static let ready: Bool = {
    let status = sodium_init()
    precondition(status >= 0, "libsodium could not be initialised (\(status))")
    precondition(
      crypto_generichash_blake2b_statebytes() <= Blake2b.stateCount,
      "this libsodium's BLAKE2b needs more memory than it is given")
    return true
  }()
}
