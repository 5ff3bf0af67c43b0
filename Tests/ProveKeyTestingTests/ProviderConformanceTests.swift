import Foundation
import Glibc
import ProveKeyPlatform
import ProveKeySealing
import ProveKeyTesting
import Testing

@Suite("the conformance check of key-encryption providers")
struct ProviderConformanceTests {
  private typealias Conformance = KeyEncryptionProviderConformance

  @Test("the kernel's keyring conforms, or says that it is out of reach")
  func keyring() throws {
    let name = "prove-key conformance " + SecureRandom.bytes(8).map(String.init).joined()
    let provider = try #require(LinuxKeyringProvider(description: name))
    do throws(KeyEncryptionProviderError) {
      try provider.create()
    } catch .unavailable {
      let report = Conformance.check { provider }
      #expect(report.failures.map(\.property).contains(.roundTrip))
      return
    }
    defer { _ = try? provider.remove() }  // the report is what counts
    let report = Conformance.check { try #require(LinuxKeyringProvider(description: name)) }
    #expect(report.isConformant, "\(report)")
    #expect(report.findings.count == Conformance.Property.allCases.count)
  }

  @Test("the example of the documentation conforms, and tells when its key is gone")
  func command() throws {
    let folder = "/tmp/prove-key-testing-" + SecureRandom.bytes(8).map(String.init).joined()
    #expect(unsafe mkdir(folder, 0o700) == 0)
    defer {
      unsafe unlink(folder + "/provider")
      unsafe unlink(folder + "/key")
      unsafe rmdir(folder)
    }
    try write(SecureRandom.bytes(32).map { String($0, radix: 16) }.joined(), to: folder + "/key")
    try write(try documentedScript(), to: folder + "/provider")
    unsafe chmod(folder + "/provider", 0o700)
    let report = Conformance.check {
      try #require(
        CommandKeyProvider(name: "script", arguments: [folder + "/provider", folder + "/key"]))
    }
    #expect(report.isConformant, "\(report)")
    unsafe unlink(folder + "/key")
    let provider = try #require(
      CommandKeyProvider(name: "script", arguments: [folder + "/provider", folder + "/key"]))
    #expect(throws: KeyEncryptionProviderError.keyGone) {
      _ = try provider.unwrap([1], context: [1])
    }
  }

  /// The example of docs/unlocking.md, word for word.
  private func documentedScript() throws -> String {
    let root = #filePath.components(separatedBy: "/Tests/")[0]
    let document = try String(contentsOfFile: root + "/docs/unlocking.md", encoding: .utf8)
    let start = try #require(document.range(of: "```sh\n"))
    let end = try #require(document[start.upperBound...].range(of: "\n```"))
    return String(document[start.upperBound..<end.lowerBound]) + "\n"
  }

  private struct Unwritable: Error {}

  private func write(_ text: String, to path: String) throws {
    guard let file = unsafe fopen(path, "wx") else { throw Unwritable() }
    unsafe fputs(text, file)
    unsafe fclose(file)
  }

  @Test("a sound provider conforms", arguments: [()])
  func sound(_: Void) {
    let provider = FaultyProvider(nil)
    let report = Conformance.check { FaultyProvider(sharing: provider) }
    #expect(report.isConformant, "\(report)")
  }

  @Test(
    "each property is seen to fail, on a provider that lacks it",
    arguments: [
      (FaultyProvider.Fault.longName, Conformance.Property.nameIsValid),
      (.unstableName, .nameIsValid), (.zeroByteLost, .roundTrip), (.throwing, .roundTrip),
      (.keyOfItsOwn, .anotherInstanceOpens), (.ignoringContext, .boundToContext),
      (.plain, .hidesTheKey), (.fixedMask, .hidesTheKey), (.tooLong, .sizeLimit),
      (.unauthenticated, .damageIsAnError), (.padding, .truncationIsAnError),
      (.oneAtATime, .concurrentUse),
    ])
  private func broken(fault: FaultyProvider.Fault, property: Conformance.Property) {
    let provider = FaultyProvider(fault)
    let report = Conformance.check { FaultyProvider(sharing: provider) }
    #expect(report.failures.contains { $0.property == property }, "\(fault): \(report)")
    #expect("\(report)".contains("FAILED  \(property.statement)"))
  }
}

/// A provider over a key in memory that keeps every rule but one.
private final class FaultyProvider: KeyEncryptionProvider {
  enum Fault {
    case longName, unstableName, zeroByteLost, throwing, keyOfItsOwn, ignoringContext, plain
    case fixedMask, tooLong, unauthenticated, padding, oneAtATime
  }

  let name: String
  private let fault: Fault?
  private let key: RawKey
  private let keyBytes: [UInt8]
  private let inUse: Locked<Bool>

  init(_ fault: Fault?) {
    self.fault = fault
    name = fault == .longName ? String(repeating: "n", count: 65) : "faulty"
    keyBytes = SecureRandom.bytes(32)
    key = Self.raw(keyBytes)
    inUse = Locked(false)
  }

  init(sharing other: FaultyProvider) {
    fault = other.fault
    name = fault == .unstableName ? "faulty \(UInt64.random(in: 0 ... .max))" : other.name
    keyBytes = fault == .keyOfItsOwn ? SecureRandom.bytes(32) : other.keyBytes
    key = Self.raw(keyBytes)
    inUse = other.inUse
  }

  private static func raw(_ bytes: [UInt8]) -> RawKey {
    do {
      return try RawKey(bytes.span)
    } catch {
      preconditionFailure("no guarded memory for a test")
    }
  }

  private struct Refused: Error {}

  func wrap(_ secret: borrowing SecretBytes, context: [UInt8]) throws -> [UInt8] {
    try alone {
      let bytes = secret.withBytes { span in span.indices.map { span[$0] } }
      if fault == .throwing { throw Refused() }
      if fault == .plain { return bytes + tag(bytes, context) }
      let nonce = fault == .fixedMask ? [UInt8](repeating: 1, count: 16) : SecureRandom.bytes(16)
      var text = nonce + mask(bytes, nonce)
      if fault == .zeroByteLost, bytes.allSatisfy({ $0 == 0 }) {
        text = nonce + mask([1] + bytes.dropFirst(), nonce)
      }
      let sealed = text + tag(text, context)
      return fault == .tooLong ? sealed + [UInt8](repeating: 0, count: 5_000) : sealed
    }
  }

  func unwrap(_ wrapped: [UInt8], context: [UInt8]) throws -> SecretBytes {
    try alone {
      var sealed = wrapped
      if fault == .tooLong { sealed.removeLast(min(5_000, sealed.count)) }
      if fault == .padding, sealed.count < 80, sealed.count >= 16 {
        sealed += [UInt8](repeating: 0, count: 80 - sealed.count)
        let key = try SecretBytes(copying: sealed[16..<48].span)
        return key
      }
      guard sealed.count == (fault == .plain ? 64 : 80) else { throw Refused() }
      let text = Array(sealed.dropLast(32))
      guard fault == .unauthenticated || tag(text, context)[...] == sealed.suffix(32) else {
        throw Refused()
      }
      let bytes = fault == .plain ? text : mask(Array(text[16...]), Array(text[..<16]))
      return try SecretBytes(copying: bytes.span)
    }
  }

  /// Refuses to be used by two threads at once where that is the fault.
  private func alone<R: ~Copyable>(_ body: () throws -> R) throws -> R {
    guard fault == .oneAtATime else { return try body() }
    let isFree = inUse.withLock { inUse in
      defer { inUse = true }
      return !inUse
    }
    guard isFree else { throw Refused() }
    defer { inUse.withLock { $0 = false } }
    usleep(20_000)  // long enough for another thread to come
    return try body()
  }

  private func mask(_ bytes: [UInt8], _ nonce: [UInt8]) -> [UInt8] {
    zip(bytes, Hashing.blake2b256(keyBytes, nonce)).map { $0 ^ $1 }
  }

  private func tag(_ text: [UInt8], _ context: [UInt8]) -> [UInt8] {
    Hashing.blake2b256(keyBytes, text, fault == .ignoringContext ? [] : context)
  }
}
