/// How much Argon2id work one guess at a passphrase takes; parallelism is 1.
///
/// The limits are checked when a header is read, before any memory is asked for, so that a forged
/// header can cost at most 1 GiB and 10 passes.
public struct PassphraseCost: Sendable, Hashable {
  /// Memory in bytes.
  public let memoryBytes: Int
  /// Passes over that memory.
  public let passes: Int

  /// The memory that a cost may ask for: 8 MiB to 1 GiB.
  public static let memoryLimits = (8 << 20)...(1 << 30)
  /// The passes that a cost may ask for.
  public static let passLimits = 1...10

  /// 64 MiB, 2 passes: a person waits at a screen.
  public static let interactive = PassphraseCost(memory: 64 << 20, passes: 2)
  /// 256 MiB, 3 passes: a service starts.
  public static let moderate = PassphraseCost(memory: 256 << 20, passes: 3)
  /// 1 GiB, 4 passes: an archive.
  public static let sensitive = PassphraseCost(memory: 1 << 30, passes: 4)
  /// The least that is accepted, 8 MiB and 1 pass: for tests that must be quick.
  package static let minimum = PassphraseCost(memory: 8 << 20, passes: 1)

  /// Makes a cost; nil outside ``memoryLimits`` and ``passLimits``.
  public init?(memoryBytes: Int, passes: Int) {
    guard Self.memoryLimits.contains(memoryBytes), Self.passLimits.contains(passes) else {
      return nil
    }
    self.init(memory: memoryBytes, passes: passes)
  }

  private init(memory: Int, passes: Int) {
    self.memoryBytes = memory
    self.passes = passes
  }
}
