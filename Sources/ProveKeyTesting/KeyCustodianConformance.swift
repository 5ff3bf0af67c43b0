import ProveKeyModel
import ProveKeySealing
public import ProveKeyVault

/// Checks that a ``KeyCustodian`` keeps what a vault relies on.
///
/// Ed25519 signatures are verified. P-256 is not known here: of ES256 signatures only their length is
/// checked, and that two messages have two.
public enum KeyCustodianConformance: Sendable {
  /// What is checked.
  public enum Property: String, ConformanceProperty {
    /// The name can stand in a record.
    case nameIsValid
    /// Handles can stand in a record and tell keys apart.
    case handlesDiffer
    /// Public halves tell keys apart.
    case publicKeysDiffer
    /// What is signed is a signature of that key.
    case signs
    /// Another instance signs with the same handle, as another process does.
    case anotherInstanceSigns
    /// A handle that is none is an error.
    case foreignHandleIsAnError
    /// A deleted key signs no more, and deleting again is no error.
    case deletes
    /// Deleting one key leaves the others.
    case deletesNoOther
    /// Threads may use it at once.
    case concurrentUse

    /// The property as a sentence.
    public var statement: String {
      switch self {
      case .nameIsValid: "the name has 1 to 64 printable ASCII characters and stays the same"
      case .handlesDiffer: "each key has a handle of its own, of 1 to 4096 bytes"
      case .publicKeysDiffer: "each key has a public half of its own"
      case .signs: "what is signed is a signature of 64 bytes by that key over that message"
      case .anotherInstanceSigns: "another instance signs with the same handle"
      case .foreignHandleIsAnError: "a handle that is none is an error"
      case .deletes: "a deleted key signs no more, and deleting it again is no error"
      case .deletesNoOther: "deleting one key leaves the others"
      case .concurrentUse: "threads may use it at once"
      }
    }
  }

  /// Checks every property; the keys that are made for it are deleted again.
  ///
  /// - Parameter make: makes an instance over the same keys each time.
  public static func check(
    _ make: () throws -> any KeyCustodian
  ) -> ConformanceReport<Property> {
    ConformanceReport { property in
      let custodian = try make()
      let keys = [try custodian.makeKey(), try custodian.makeKey()]
      defer {
        // Tidying: a custodian that cannot delete is found by the property that asks for it.
        for key in keys { try? custodian.delete(key.handle) }
      }
      switch property {
      case .nameIsValid: try checkName(custodian, try make())
      case .handlesDiffer:
        try expect(keys.allSatisfy { (1...4096).contains($0.handle.count) }, "another length")
        try expect(keys[0].handle != keys[1].handle, "two keys have one handle")
      case .publicKeysDiffer:
        try expect(keys[0].publicKey != keys[1].publicKey, "two keys have one public half")
      case .signs: for key in keys { try checkSigning(custodian, key) }
      case .anotherInstanceSigns: try checkSigning(try make(), keys[0])
      case .foreignHandleIsAnError:
        try expectError("it signed with a handle that nobody made") {
          _ = try custodian.sign(message(1), with: SecureRandom.bytes(keys[0].handle.count))
        }
      case .deletes: try checkDeletion(custodian, keys[0])
      case .deletesNoOther:
        try custodian.delete(keys[0].handle)
        try checkSigning(custodian, keys[1])
      case .concurrentUse: try checkThreads(custodian, keys)
      }
    }
  }

  private static func checkName(_ custodian: any KeyCustodian, _ other: any KeyCustodian) throws {
    let name = custodian.name.utf8
    try expect((1...64).contains(name.count), "\(name.count) bytes")
    try expect(name.allSatisfy { (0x20...0x7E).contains($0) }, "another character")
    try expect(custodian.name == other.name, "two instances have different names")
  }

  private static func checkSigning(_ custodian: any KeyCustodian, _ key: CustodianKey) throws {
    let messages = [message(1), message(2), message(300)]
    let signatures = try messages.map { try custodian.sign($0, with: key.handle) }
    for (message, signature) in zip(messages, signatures) {
      try expect(signature.count == 64, "\(signature.count) bytes")
      guard key.publicKey.algorithm == .ed25519 else { continue }
      let isRight = Ed25519.verify(
        signature.span, of: message.span, publicKey: key.publicKey.bytes.span)
      try expect(isRight, "the signature does not verify")
    }
    try expect(Set(signatures).count == signatures.count, "two messages have one signature")
  }

  private static func checkDeletion(_ custodian: any KeyCustodian, _ key: CustodianKey) throws {
    try custodian.delete(key.handle)
    try expectError("it signed with a key that was deleted") {
      _ = try custodian.sign(message(1), with: key.handle)
    }
    try custodian.delete(key.handle)
  }

  private static func checkThreads(_ custodian: any KeyCustodian, _ keys: [CustodianKey]) throws {
    try onThreads { number in try checkSigning(custodian, keys[number % keys.count]) }
  }

  private static func message(_ count: Int) -> [UInt8] {
    [UInt8](repeating: UInt8(truncatingIfNeeded: count), count: count)
  }
}
