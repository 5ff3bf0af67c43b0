import Glibc
import ProveKeyPlatform

/// Lets an external program wrap and unwrap: a TPM tool, the client of a key management service.
///
/// The program is started for each request, without a shell. It reads one line on standard input
///
///     OPERATION CONTEXT BYTES
///
/// where OPERATION is `wrap` or `unwrap` and the other two are base64 (RFC 4648, section 4, with
/// padding), and answers with one line of base64 on standard output. It ends with 0 when that line
/// counts, 10 when its key is gone for good, 11 when the person refused or the device is locked, 12
/// when it is out of reach now; any other status is a failure. Standard error goes nowhere. A key
/// never stands in arguments, environment or ordinary memory of this process.
public struct CommandKeyProvider: KeyEncryptionProvider {
  /// The exit statuses that mean something; see ``CommandKeyProvider``.
  public enum ExitStatus: Int32, Sendable {
    /// The answer counts.
    case success = 0
    /// ``KeyEncryptionProviderError/keyGone``.
    case keyGone = 10
    /// ``KeyEncryptionProviderError/refused``.
    case refused = 11
    /// ``KeyEncryptionProviderError/unavailable``.
    case unavailable = 12
  }

  /// Kept in a store's header.
  public let name: String
  private let program: ChildProgram

  /// The most characters of an answer: the base64 of 4096 bytes, and a line's end.
  private static let answerLimit = 5_466

  /// Names a program; nothing is started yet.
  ///
  /// - Parameters:
  ///   - name: 1 to 64 printable ASCII characters that tell this provider from others.
  ///   - arguments: the absolute path of the program, then its arguments, as they are.
  ///   - environment: all that the program finds in its environment.
  ///   - timeLimitMilliseconds: after which it is killed with the processes it started; 1 to
  ///     600,000.
  /// - Returns: nil when one of these is not so.
  public init?(
    name: String, arguments: [String], environment: [String: String] = ["PATH": "/usr/bin:/bin"],
    timeLimitMilliseconds: Int = 30_000
  ) {
    guard ProviderLimits.accepts(name: name), (1...600_000).contains(timeLimitMilliseconds),
      let path = arguments.first, path.utf8.first == UInt8(ascii: "/"),
      // By bytes: a character may be more than its NUL or its sign.
      !(arguments + environment.keys + environment.values).contains(where: { $0.utf8.contains(0) }),
      !environment.keys.contains(where: { $0.isEmpty || $0.utf8.contains(UInt8(ascii: "=")) })
    else { return nil }
    self.name = name
    program = ChildProgram(
      arguments: arguments, environment: environment.map { "\($0.key)=\($0.value)" },
      timeLimitMilliseconds: timeLimitMilliseconds)
  }

  /// Asks the program to encrypt a key.
  public func wrap(_ key: borrowing SecretBytes, context: [UInt8]) throws -> [UInt8] {
    let request = try key.withBytes { key throws(SealingError) in
      try Self.request("wrap", context, key)
    }
    // What was wrapped is no secret: it may leave guarded memory.
    return try ask(request, atMost: ProviderLimits.wrappedByteCount).withBytes { $0.copied }
  }

  /// Asks the program to decrypt a key.
  public func unwrap(_ wrapped: [UInt8], context: [UInt8]) throws -> SecretBytes {
    try ask(try Self.request("unwrap", context, wrapped.span), atMost: WrappedKey.keyCount)
  }

  /// Runs the program once; its answer never stands in ordinary memory.
  private func ask(
    _ request: borrowing SecretBytes, atMost limit: Int
  ) throws -> SecretBytes {
    var answered: (status: Int32, count: Int) = (0, 0)
    var problem: KeyEncryptionProviderError?
    let answer = try SecretBytes(count: Self.answerLimit) { span throws(SealingError) in
      do throws(KeyEncryptionProviderError) {
        answered = try program.run(request, answer: &span)
      } catch {
        problem = error
      }
    }
    if let problem { throw problem }
    switch ExitStatus(rawValue: answered.status) {
    case .success: break
    case .keyGone: throw KeyEncryptionProviderError.keyGone
    case .refused: throw KeyEncryptionProviderError.refused
    case .unavailable: throw KeyEncryptionProviderError.unavailable
    case nil: throw KeyEncryptionProviderError.failed(code: answered.status)
    }
    let decoded = try answer.withBytes { answer throws(SealingError) in
      try Base64Line.decode(answer.extracting(0..<answered.count), atMost: limit)
    }
    guard let decoded else { throw KeyEncryptionProviderError.failed(code: EBADMSG) }
    return decoded
  }

  /// The request's line, in guarded memory.
  private static func request(
    _ operation: StaticString, _ context: [UInt8], _ bytes: Span<UInt8>
  ) throws(SealingError) -> SecretBytes {
    let head = Array("\(operation) ".utf8)
    let contextCount = Base64Line.encodedCount(context.count)
    let bytesOffset = head.count + contextCount + 1
    let end = bytesOffset + Base64Line.encodedCount(bytes.count)
    return try SecretBytes(count: end + 1) { line throws(SealingError) in
      line.write(head.span, at: 0)
      Base64Line.encode(context.span, into: &line, at: head.count)
      line[bytesOffset - 1] = UInt8(ascii: " ")
      Base64Line.encode(bytes, into: &line, at: bytesOffset)
      line[end] = UInt8(ascii: "\n")
    }
  }
}
