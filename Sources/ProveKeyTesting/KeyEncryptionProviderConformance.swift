public import ProveKeySealing

/// Checks that a ``KeyEncryptionProvider`` keeps what a store relies on.
///
/// ```swift
/// let report = KeyEncryptionProviderConformance.check { try MyProvider(keyName: "test") }
/// #expect(report.isConformant, "\(report)")
/// ```
public enum KeyEncryptionProviderConformance: Sendable {
  /// What is checked.
  public enum Property: String, ConformanceProperty {
    /// The name can stand in a header.
    case nameIsValid
    /// A key that was wrapped comes back.
    case roundTrip
    /// Another instance over the same key opens it, as another process does.
    case anotherInstanceOpens
    /// Wrapping is bound to its context.
    case boundToContext
    /// Wrapping twice shows nothing of the key, and the key is not in what is stored.
    case hidesTheKey
    /// What was wrapped is not too long.
    case sizeLimit
    /// Changed bytes are an error, never another key.
    case damageIsAnError
    /// Missing bytes are an error, never another key.
    case truncationIsAnError
    /// Threads may use it at once.
    case concurrentUse

    /// The property as a sentence.
    public var statement: String {
      switch self {
      case .nameIsValid: "the name has 1 to 64 printable ASCII characters and stays the same"
      case .roundTrip: "a key that was wrapped comes back"
      case .anotherInstanceOpens: "another instance over the same key opens it"
      case .boundToContext: "with another context it does not open"
      case .hidesTheKey: "the wrapped bytes hold no part of the key"
      case .sizeLimit: "wrapped bytes are at most 4096"
      case .damageIsAnError: "changed bytes are an error and not another key"
      case .truncationIsAnError: "missing or added bytes are an error and not another key"
      case .concurrentUse: "threads may use it at once"
      }
    }
  }

  private static let context = [UInt8](0..<17)

  /// Checks every property.
  ///
  /// - Parameter make: makes an instance over the same key each time. A provider that asks a person
  ///   will ask some hundred times.
  public static func check(
    _ make: () throws -> any KeyEncryptionProvider
  ) -> ConformanceReport<Property> {
    ConformanceReport { property in
      let provider = try make()
      switch property {
      case .nameIsValid: try checkName(provider, try make())
      case .roundTrip: try checkRoundTrip(wrapping: provider, unwrapping: provider)
      case .anotherInstanceOpens: try checkRoundTrip(wrapping: provider, unwrapping: try make())
      case .boundToContext: try checkContext(provider)
      case .hidesTheKey: try checkHiding(provider)
      case .sizeLimit:
        let count = try wrapped(SecureRandom.bytes(32), provider).count
        try expect((1...4096).contains(count), "\(count) bytes")
      case .damageIsAnError: try checkDamage(provider)
      case .truncationIsAnError: try checkTruncation(provider)
      case .concurrentUse: try checkThreads(provider)
      }
    }
  }

  private static func checkName(
    _ provider: any KeyEncryptionProvider, _ other: any KeyEncryptionProvider
  ) throws {
    let name = provider.name.utf8
    try expect((1...64).contains(name.count), "\(name.count) bytes")
    try expect(name.allSatisfy { (0x20...0x7E).contains($0) }, "another character")
    try expect(provider.name == other.name, "two instances have different names")
  }

  private static func checkRoundTrip(
    wrapping first: any KeyEncryptionProvider, unwrapping second: any KeyEncryptionProvider
  ) throws {
    // Keys of one byte value find encodings that lose some.
    for key in [SecureRandom.bytes(32), bytes(0), bytes(0xFF), bytes(0x0A)] {
      let back = try unwrapped(try wrapped(key, first), second)
      try expect(back == key, "another key came back, of \(back.count) bytes")
    }
  }

  private static func checkContext(_ provider: any KeyEncryptionProvider) throws {
    let wrapped = try wrapped(SecureRandom.bytes(32), provider)
    for index in context.indices {
      var other = context
      other[index] ^= 1
      try expectError("it opened with byte \(index) of the context changed") {
        _ = try unwrapped(wrapped, provider, other)
      }
    }
  }

  private static func checkHiding(_ provider: any KeyEncryptionProvider) throws {
    let key = SecureRandom.bytes(32)
    let wrapped = try wrapped(key, provider)
    try expect(!wrapped.isEmpty, "nothing was wrapped")
    let hidden = [key, key.reversed()]
    for part in hidden.flatMap({ key in (0..<25).map { Array(key[$0..<($0 + 8)]) } }) {
      try expect(!contains(wrapped, part), "8 bytes of the key stand in it")
    }
    // Two keys that differ in known bits show a mask that is used twice.
    let again = try self.wrapped(key.map { $0 ^ 0x55 }, provider)
    if again.count == wrapped.count {
      let same = zip(wrapped, again).filter { $0 ^ $1 == 0x55 }.count
      try expect(same < 24, "a change of the key's bits shows as the same change")
    }
  }

  private static func checkDamage(_ provider: any KeyEncryptionProvider) throws {
    let wrapped = try wrapped(SecureRandom.bytes(32), provider)
    let step = max(wrapped.count / 64, 1)
    for index in stride(from: 0, to: wrapped.count, by: step) {
      var changed = wrapped
      changed[index] ^= 1
      try expectError("it opened with byte \(index) of \(wrapped.count) changed") {
        _ = try unwrapped(changed, provider)
      }
    }
  }

  private static func checkTruncation(_ provider: any KeyEncryptionProvider) throws {
    let wrapped = try wrapped(SecureRandom.bytes(32), provider)
    for count in Set([0, 1, wrapped.count / 2, wrapped.count - 1]).sorted() {
      try expectError("it opened with \(count) of \(wrapped.count) bytes") {
        _ = try unwrapped(Array(wrapped[..<count]), provider)
      }
    }
    try expectError("it opened with a byte more") { _ = try unwrapped(wrapped + [0], provider) }
  }

  private static func checkThreads(_ provider: any KeyEncryptionProvider) throws {
    try onThreads { _ in
      for _ in 0..<4 {
        let key = SecureRandom.bytes(32)
        let back = try unwrapped(try wrapped(key, provider), provider)
        try expect(back == key, "another key came back")
      }
    }
  }

  private static func wrapped(
    _ key: [UInt8], _ provider: any KeyEncryptionProvider
  ) throws -> [UInt8] {
    try provider.wrap(try SecretBytes(copying: key.span), context: context)
  }

  private static func unwrapped(
    _ wrapped: [UInt8], _ provider: any KeyEncryptionProvider, _ context: [UInt8] = context
  ) throws -> [UInt8] {
    try provider.unwrap(wrapped, context: context).withBytes { key in key.indices.map { key[$0] } }
  }

  private static func bytes(_ byte: UInt8) -> [UInt8] { [UInt8](repeating: byte, count: 32) }

  private static func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
    guard bytes.count >= part.count else { return false }
    return (0...(bytes.count - part.count)).contains { bytes[$0...].starts(with: part) }
  }
}
