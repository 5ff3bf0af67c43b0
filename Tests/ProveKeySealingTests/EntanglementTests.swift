import Glibc
import ProveKeyModel
import Testing

@testable import ProveKeySealing

@Suite("Entangled with a value in a folder")
struct EntanglementTests {
  private let folder: TemporaryFolderBox
  private let raw: UnlockMethod

  init() throws {
    folder = try TemporaryFolderBox()
    raw = .rawKey(try RawKey.random())
  }

  private var path: String { folder.folder.path }

  private func valuePath(_ keys: StoreKeys) -> String { Entanglement.path(path, keys.storeID) }

  private func open(
    _ header: [UInt8], _ keys: StoreKeys, _ unlock: UnlockMethod
  ) throws(SealingError) -> StoreKeys {
    try StoreKeys.open(header: header, epochs: keys.sealedEpochs, kind: .vault, unlock: unlock)
  }

  @Test("every method opens entangled, with a file of 32 bytes that is the owner's alone")
  func methods() throws {
    try KeyFile.create(at: path + "/key")
    let methods: [UnlockMethod] = [
      raw, .passphrase("correct horse", cost: .minimum), .keyFile(path + "/key"),
      .provider(TestProvider()),
    ]
    for method in methods {
      let unlock = method.entangledWith(folder: path)
      #expect(unlock.kind == .entangled)
      let (keys, header) = try StoreKeys.create(kind: .vault, unlock: unlock)
      let sealed = try keys.sealing([1], as: keys.place())
      #expect(try open(header, keys, unlock).opening(sealed, as: keys.place()) == [1])
      #expect(try StoreKeys.unlockMethodName(ofHeader: header) == "entangled \(method.kind)")
      var status = stat()
      #expect(unsafe stat(valuePath(keys), &status) == 0)
      #expect(status.st_mode & 0o777 == 0o600 && status.st_size == 32)
      // The method alone does not do, nor does it for what is not entangled.
      #expect(throws: SealingError.wrongUnlockMethod(stored: .entangled)) {
        _ = try open(header, keys, method)
      }
      let plain = try keys.rewrap(unlock: method)
      #expect(throws: SealingError.wrongUnlockMethod(stored: method.kind)) {
        _ = try open(plain, keys, unlock)
      }
    }
  }

  @Test("without the value it is lost, with another it is the wrong one, and the right one opens")
  func lostAndWrong() throws {
    let unlock = raw.entangledWith(folder: path)
    let (keys, header) = try StoreKeys.create(kind: .vault, unlock: unlock)
    let file = valuePath(keys)
    unsafe rename(file, file + ".away")
    #expect(throws: SealingError.entanglement(.missing)) { _ = try open(header, keys, unlock) }
    try KeyFile.create(at: file)
    #expect(throws: SealingError.entanglement(.wrongKey)) { _ = try open(header, keys, unlock) }
    unsafe rename(file + ".away", file)
    _ = try open(header, keys, unlock)
    // The value alone does not do either, and a wrong secret is told as that.
    let wrong = UnlockMethod.rawKey(try RawKey.random()).entangledWith(folder: path)
    #expect(throws: SealingError.wrongKey) { _ = try open(header, keys, wrong) }
  }

  @Test("the value is really mixed in: a forged check does not open with another value")
  func mixedIn() throws {
    let unlock = raw.entangledWith(folder: path)
    let (keys, header) = try StoreKeys.create(kind: .vault, unlock: unlock)
    var parsed = try StoreHeader.parse(header)
    guard case .entangled(let inner, let salt, _) = parsed.parameters else {
      Issue.record("not an entangled header")
      return
    }
    unsafe unlink(valuePath(keys))
    try KeyFile.create(at: valuePath(keys))
    let other = try KeyFile.read(at: valuePath(keys))
    parsed.parameters = .entangled(
      inner, salt: salt, valueCheck: Entanglement.check(other, salt: salt))
    #expect(throws: SealingError.wrongKey) { _ = try open(parsed.bytes, keys, unlock) }
  }

  @Test("a value that others can read, or that is cut short, is told")
  func exposed() throws {
    let unlock = raw.entangledWith(folder: path)
    let (keys, header) = try StoreKeys.create(kind: .vault, unlock: unlock)
    unsafe chmod(valuePath(keys), 0o640)
    #expect(throws: SealingError.entanglement(.exposed)) { _ = try open(header, keys, unlock) }
    #expect(throws: SealingError.entanglement(.exposed)) { _ = try keys.rewrap(unlock: unlock) }
    unsafe chmod(valuePath(keys), 0o600)
    unsafe truncate(valuePath(keys), 31)
    #expect(throws: SealingError.entanglement(.wrongSize)) { _ = try open(header, keys, unlock) }
    let nowhere = raw.entangledWith(folder: path + "/none")
    #expect(throws: SealingError.entanglement(.cannotCreate(ENOENT))) {
      _ = try keys.rewrap(unlock: nowhere)
    }
  }

  @Test("locking anew keeps the value, so that the older header opens until the new one counts")
  func rewrapKeepsValue() throws {
    let unlock = raw.entangledWith(folder: path)
    let (keys, header) = try StoreKeys.create(kind: .vault, unlock: unlock)
    let changed = UnlockMethod.rawKey(try RawKey.random()).entangledWith(folder: path)
    let next = try keys.rewrap(unlock: changed)
    _ = try open(header, keys, unlock)
    _ = try open(next, keys, changed)
    _ = try open(try keys.rewrap(unlock: raw), keys, raw)
  }

  @Test("entangling twice is refused, and a header that says so is malformed")
  func nesting() throws {
    let twice = raw.entangledWith(folder: path).entangledWith(folder: path)
    #expect(throws: SealingError.nestedEntanglement) {
      _ = try StoreKeys.create(kind: .vault, unlock: twice)
    }
    let (_, header) = try StoreKeys.create(kind: .vault, unlock: raw.entangledWith(folder: path))
    var parsed = try StoreHeader.parse(header)
    let check = [UInt8](repeating: 0, count: 32)
    for _ in 0..<40 {
      parsed.parameters = .entangled(
        parsed.parameters, salt: Array(check[..<16]), valueCheck: check)
      #expect(throws: SealingError.damaged(.header)) { _ = try StoreHeader.parse(parsed.bytes) }
    }
  }

  @Test("a header cut or changed anywhere is damaged, and a forged cost within is bounded")
  func bounded() throws {
    let unlock = UnlockMethod.passphrase("correct horse", cost: .minimum)
      .entangledWith(folder: path)
    let (keys, header) = try StoreKeys.create(kind: .vault, unlock: unlock)
    for index in header.indices {
      var changed = header
      changed[index] ^= 1
      #expect(throws: SealingError.self) { _ = try StoreHeader.parse(changed) }
      #expect(throws: SealingError.damaged(.header)) {
        _ = try StoreHeader.parse(Array(header[..<index]))
      }
    }
    var parsed = try StoreHeader.parse(header)
    guard case .entangled(_, let salt, let check) = parsed.parameters else {
      Issue.record("not an entangled header")
      return
    }
    parsed.parameters = .entangled(
      .passphrase(salt: salt, memoryBytes: 1 << 50, passes: 3), salt: salt, valueCheck: check)
    #expect(throws: SealingError.costOutOfBounds) { _ = try open(parsed.bytes, keys, unlock) }
  }
}
