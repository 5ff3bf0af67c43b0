import Glibc
import ProveKeySealing

/// Reads hexadecimal digits; anything else in the text is left out.
func bytes(_ hex: String) -> [UInt8] {
  let digits = hex.compactMap(\.hexDigitValue)
  return stride(from: 0, to: digits.count - 1, by: 2).map {
    UInt8(digits[$0] * 16 + digits[$0 + 1])
  }
}

/// Writes bytes as hexadecimal digits.
func hex(_ bytes: [UInt8]) -> String {
  bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
}

extension StoreKeys {
  /// The keys of a new vault under a raw key of its own.
  static func forTesting() throws -> StoreKeys {
    try create(kind: .vault, unlock: .rawKey(RawKey.random())).keys
  }

  /// Seals an array.
  func sealing(
    _ content: [UInt8], as record: RecordContext
  ) throws(SealingError) -> [UInt8] {
    try seal(content.span, as: record)
  }

  /// Opens an array.
  func opening(_ sealed: [UInt8], as record: RecordContext) throws(SealingError) -> [UInt8] {
    try open(sealed.span, as: record)
  }

  /// The place of a record in a table of a test.
  func place(
    table: String = "records", name: String = "device", version: UInt64 = 7,
    columns: [[UInt8]] = [[1], [2, 3]]
  ) -> RecordContext {
    RecordContext(
      table: table, locator: locator("test", name), version: version, columns: columns)
  }
}

/// Verifies a signature given as arrays, which the expectation macros can show.
func verifies(_ signature: [UInt8], _ message: [UInt8], _ publicKey: [UInt8]) -> Bool {
  Ed25519.verify(signature.span, of: message.span, publicKey: publicKey.span)
}

/// A folder of a test's own, which removes itself with everything in it.
struct TemporaryFolder: ~Copyable {
  let path: String

  init() throws {
    var template = Array("/tmp/prove-key-sealing-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw SystemError(code: errno) }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    for name in names() { unsafe unlink(path + "/" + name) }
    unsafe rmdir(path)
  }

  /// The names in the folder, sorted.
  func names() -> [String] {
    guard let folder = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Writes a file with these permissions and returns its path.
  func write(_ bytes: [UInt8], to name: String, mode: mode_t) throws -> String {
    let file = path + "/" + name
    let descriptor = unsafe open(file, O_WRONLY | O_CREAT | O_TRUNC, mode)
    guard descriptor >= 0 else { throw SystemError(code: errno) }
    defer { close(descriptor) }
    guard fchmod(descriptor, mode) == 0 else { throw SystemError(code: errno) }
    let written = unsafe bytes.withUnsafeBytes {
      unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
    }
    guard written == bytes.count else { throw SystemError(code: errno) }
    return file
  }

  /// A call of the operating system failed.
  struct SystemError: Error {
    let code: Int32
  }
}

/// A provider that keeps its key in the test: wrapping adds the context and flips every bit.
struct TestProvider: KeyEncryptionProvider {
  struct Refused: Error {}

  var name = "test provider"
  var mask: UInt8 = 0xFF
  var wrappedCount: Int?
  var refuses = false
  var returnsShortKey = false

  func wrap(_ key: borrowing SecretBytes, context: [UInt8]) throws -> [UInt8] {
    guard !refuses else { throw Refused() }
    if let wrappedCount { return [UInt8](repeating: 0, count: wrappedCount) }
    return context + key.withBytes { span in span.indices.map { span[$0] ^ mask } }
  }

  func unwrap(_ wrapped: [UInt8], context: [UInt8]) throws -> SecretBytes {
    guard !refuses, Array(wrapped.prefix(17)) == context else { throw Refused() }
    let key = wrapped.dropFirst(returnsShortKey ? 18 : 17).map { $0 ^ mask }
    return try SecretBytes(copying: key.span)
  }
}

/// What a body throws as an error of sealing; nil when it throws none.
func sealingError(_ body: () throws -> Void) throws -> SealingError? {
  do {
    try body()
    return nil
  } catch let error as SealingError {
    return error
  }
}

/// Wraps a key that the test knows and gives what comes back.
func roundTrip(
  _ provider: some KeyEncryptionProvider, _ key: [UInt8], context: [UInt8] = [1, 2, 3]
) throws -> (wrapped: [UInt8], back: [UInt8]) {
  let wrapped = try provider.wrap(SecretBytes(copying: key.span), context: context)
  return (wrapped, try provider.unwrap(wrapped, context: context).withBytes { $0.copiedForTest })
}

extension Span<UInt8> {
  /// A copy in ordinary memory.
  var copiedForTest: [UInt8] { indices.map { self[$0] } }
}
