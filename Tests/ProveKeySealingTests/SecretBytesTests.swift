import Glibc
import Testing

@testable import ProveKeySealing

@Suite("SecretBytes")
struct SecretBytesTests {
  @Test("bytes come back as they went in, for every length around a page and for none")
  func roundTrip() throws {
    for count in [0, 1, 31, 32, 4095, 4096, 4097] {
      let content = SecureRandom.bytes(count)
      let secret = try SecretBytes(copying: content.span)
      let (read, readCount) = (secret.withBytes { $0.copied }, secret.count)
      #expect(read == content && readCount == count)
    }
  }

  @Test("equality looks at every byte and at the count")
  func equality() throws {
    let content = SecureRandom.bytes(33)
    let secret = try SecretBytes(copying: content.span)
    let same = try SecretBytes(copying: content.span)
    let shorter = try SecretBytes(copying: content.span.extracting(0..<32))
    let answers = [secret.isEqual(to: same), secret.isEqual(to: shorter)]
    #expect(answers == [true, false])
    for index in content.indices {
      var changed = content
      changed[index] ^= 1
      let other = try SecretBytes(copying: changed.span)
      let equal = secret.isEqual(to: other)
      #expect(!equal)
    }
  }

  @Test("a copy is lent with what the secret holds, and the secret stays however the loan ends")
  func erasedCopy() throws {
    let content = SecureRandom.bytes(32)
    let secret = try SecretBytes(copying: content.span)
    let lent = secret.withErasedCopy { $0 == content }
    #expect(lent)
    #expect(throws: SealingError.outOfMemory) {
      try secret.withErasedCopy { _ in throw SealingError.outOfMemory }
    }
    let rest = secret.withBytes { $0.copied }
    #expect(rest == content)
  }

  @Test("bytes that are erased are zeros, for none and for many")
  func erasing() {
    for count in [0, 1, 32, 4097] {
      var bytes = SecureRandom.bytes(count)
      bytes.erase()
      #expect(bytes == [UInt8](repeating: 0, count: count))
    }
  }

  @Test("a failing initialiser frees the memory and passes its error on")
  func failingInitialiser() {
    #expect(throws: SealingError.outOfMemory) {
      _ = try SecretBytes(count: 8) { _ throws(SealingError) in throw .outOfMemory }
    }
  }

  @Test("more than the stated limit is refused before it is asked for")
  func limit() {
    #expect(throws: SealingError.tooLarge) {
      _ = try SecretBytes.random(count: SecretBytes.maximumCount + 1)
    }
  }

  @Test("two random secrets differ")
  func random() throws {
    let first = try SecretBytes.random(count: 32)
    let second = try SecretBytes.random(count: 32)
    let equal = first.isEqual(to: second)
    #expect(!equal)
  }

  @Test("reading one byte past the end kills the process", .bareProcess)
  func guardPage() async {
    await #expect(processExitsWith: .signal(SIGSEGV)) {
      let secret = try SecretBytes.random(count: 100)
      let past = secret.withBytes { span in
        unsafe span.withUnsafeBufferPointer { $0.baseAddress?[100] }
      }
      print("read \(past == nil)")
    }
  }

  @Test("the guard stands right behind a secret that was unpadded in place", .bareProcess)
  func guardPageAfterPadding() async {
    await #expect(processExitsWith: .signal(SIGSEGV)) {
      let keys = try StoreKeys.forTesting()
      let place = keys.place()
      let sealed = try keys.sealSecret(SecretBytes.random(count: 40), as: place)
      let secret = try keys.openSecret(sealed.span, as: place)
      let past = secret.withBytes { span in
        unsafe span.withUnsafeBufferPointer { $0.baseAddress?[40] }
      }
      print("read \(past == nil)")
    }
  }

  @Test("writing after initialisation kills the process", .bareProcess)
  func readOnly() async {
    await #expect(processExitsWith: .signal(SIGSEGV)) {
      let secret = try SecretBytes.random(count: 100)
      secret.withBytes { span in
        unsafe span.withUnsafeBufferPointer {
          unsafe UnsafeMutablePointer(mutating: $0.baseAddress)?.pointee = 1
        }
      }
    }
  }

  @Test("secrets that the system will not lock are an error, not unlocked memory", .bareProcess)
  func lockLimit() async {
    await #expect(processExitsWith: .success) {
      // The limit does not bind a process that may lock as much as it likes.
      if geteuid() == 0 { setuid(65534) }
      var limit = rlimit(rlim_cur: 8192, rlim_max: 8192)
      unsafe setrlimit(__rlimit_resource_t(8), &limit)
      do {
        _ = try SecretBytes.random(count: 64 * 1024)
        exit(1)
      } catch SealingError.lockedMemoryExhausted {
        exit(0)
      }
    }
  }

  @Test("keys describe themselves without their content, to print and to dump")
  func descriptions() throws {
    let keys = try StoreKeys.forTesting()
    let method = UnlockMethod.passphrase("correct horse")
    for value in [
      try RawKey.random(), Passphrase("correct horse") as Passphrase,
      SecretBox(try SecretBytes.random(count: 4)), keys, keys.locator("a"), keys.storeID,
      SetDigest.zero, method,
    ] as [any Sendable] {
      var dumped = ""
      dump(value, to: &dumped)
      let shown = "\(value) \(String(reflecting: value))"
      #expect(!shown.contains("correct horse") && !dumped.contains("0x"))
      #expect(shown.contains("redacted") || shown.contains("StoreKeys") || shown.contains("Unlock"))
    }
  }
}

extension Trait where Self == ConditionTrait {
  /// Leaves a test out under a sanitizer, which catches the signal itself and does not lock memory.
  static var bareProcess: ConditionTrait {
    .disabled("a sanitizer takes the signal and the lock") {
      unsafe dlsym(nil, "__asan_init") != nil || dlsym(nil, "__tsan_init") != nil
    }
  }
}
