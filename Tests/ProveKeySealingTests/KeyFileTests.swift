import Glibc
import Testing

@testable import ProveKeySealing

@Suite("Key files")
struct KeyFileTests {
  private func unlock(with path: String) throws(SealingError) -> StoreKeys {
    try StoreKeys.create(kind: .vault, unlock: .keyFile(path)).keys
  }

  @Test("a created key file has 32 bytes and mode 0600 under any umask, and unlocks")
  func creation() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/key"
    try KeyFile.create(at: path)
    var status = stat()
    #expect(unsafe stat(path, &status) == 0)
    #expect(status.st_mode & 0o7777 == 0o600 && status.st_size == 32)
    _ = try unlock(with: path)
  }

  @Test("two created key files differ")
  func random() throws {
    let folder = try TemporaryFolder()
    try KeyFile.create(at: folder.path + "/a")
    try KeyFile.create(at: folder.path + "/b")
    let first = try KeyFile.read(at: folder.path + "/a")
    let second = try KeyFile.read(at: folder.path + "/b")
    let same = first.isEqual(to: second)
    #expect(!same)
  }

  @Test("an existing file is never overwritten, nor followed when it is a link")
  func noOverwriting() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([1, 2], to: "key", mode: 0o600)
    #expect(throws: SealingError.keyFile(.alreadyExists)) { try KeyFile.create(at: path) }
    let link = folder.path + "/link"
    #expect(unsafe symlink(folder.path + "/elsewhere", link) == 0)
    #expect(throws: SealingError.keyFile(.alreadyExists)) { try KeyFile.create(at: link) }
    #expect(throws: SealingError.keyFile(.missing)) {
      try unlock(with: folder.path + "/elsewhere")
    }
  }

  @Test(
    "a crash while a key file is made leaves no file of its name, and does not block the next attempt (K1)"
  )
  func crash() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/key"
    // The first attempt stops just before the file has its name; another one is made meanwhile.
    #expect(throws: SealingError.keyFile(.alreadyExists)) {
      try KeyFile.create(at: path) {
        var status = stat()
        #expect(unsafe lstat(path, &status) != 0)
        #expect(throws: Never.self) { try KeyFile.create(at: path) }
      }
    }
    // Going on, the first has neither taken the second one's place nor left anything.
    _ = try unlock(with: path)
    #expect(folder.names() == ["key"])
  }

  @Test("a folder that is not there is a named error and leaves nothing")
  func noFolder() throws {
    let folder = try TemporaryFolder()
    #expect(throws: SealingError.keyFile(.cannotCreate(ENOENT))) {
      try KeyFile.create(at: folder.path + "/none/key")
    }
  }

  @Test(
    "a key file on which group or others have any permission is refused",
    arguments: [0o644, 0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666, 0o777] as [mode_t])
  func exposed(mode: mode_t) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(SecureRandom.bytes(32), to: "key", mode: mode)
    #expect(throws: SealingError.keyFile(.exposed)) { try unlock(with: path) }
  }

  @Test("a link is judged by the file it leads to")
  func links() throws {
    let folder = try TemporaryFolder()
    let safe = try folder.write(SecureRandom.bytes(32), to: "safe", mode: 0o400)
    let exposed = try folder.write(SecureRandom.bytes(32), to: "exposed", mode: 0o644)
    #expect(unsafe symlink(safe, folder.path + "/to-safe") == 0)
    #expect(unsafe symlink(exposed, folder.path + "/to-exposed") == 0)
    _ = try unlock(with: folder.path + "/to-safe")
    #expect(throws: SealingError.keyFile(.exposed)) {
      try unlock(with: folder.path + "/to-exposed")
    }
  }

  @Test("any other number of bytes than 32 is refused", arguments: [0, 1, 31, 33, 64, 65])
  func sizes(count: Int) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(SecureRandom.bytes(count), to: "key", mode: 0o600)
    #expect(throws: SealingError.keyFile(.wrongSize)) { try unlock(with: path) }
  }

  @Test("a folder, a device and a pipe are refused, and the pipe is not waited for")
  func notRegular() throws {
    let folder = try TemporaryFolder()
    let pipe = folder.path + "/pipe"
    #expect(unsafe mkfifo(pipe, 0o600) == 0)
    for path in [folder.path, "/dev/zero", pipe] {
      #expect(throws: SealingError.keyFile(.notRegularFile)) { try unlock(with: path) }
    }
  }
}
