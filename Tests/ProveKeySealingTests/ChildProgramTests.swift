import Glibc
import ProveKeyPlatform
import Testing

@testable import ProveKeySealing

/// A program that this process may not end, as a setuid one that has become another user's for good.
@Suite("A program that cannot be ended")
struct ChildProgramTests {
  private func run(_ program: ChildProgram) throws -> KeyEncryptionProviderError? {
    var error: KeyEncryptionProviderError?
    let question = try SecretBytes.random(count: 8)
    _ = try SecretBytes(count: 64) { span throws(SealingError) in
      do throws(KeyEncryptionProviderError) {
        _ = try program.run(question, answer: &span)
      } catch let problem {
        error = problem
      }
    }
    return error
  }

  @Test(
    "the caller gets its answer in time though the signal was refused, or reached others only",
    arguments: [-1, 0])
  func refusedSignal(result: Int32) throws {
    let group = Locked<pid_t>(0)
    var program = ChildProgram(
      arguments: ["/bin/sleep", "60"], environment: [], timeLimitMilliseconds: 50)
    program.signal = { process, _ in
      group.withLock { $0 = process }
      errno = EPERM
      return result
    }
    let start = ContinuousClock.now
    #expect(try run(program) == .failed(code: ETIMEDOUT))
    #expect(ContinuousClock.now - start < .seconds(20))
    let process = group.withLock { $0 }
    #expect(kill(process, 0) == 0, "it goes on")

    // When it has ended, the next call takes its status away: no zombie stays.
    #expect(kill(process, SIGKILL) == 0)
    var information = unsafe siginfo_t()
    let waited = unsafe waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT)
    #expect(waited == 0 || errno == ECHILD, "it has ended; another test may have called next")
    let next = ChildProgram(
      arguments: ["/bin/true"], environment: [], timeLimitMilliseconds: 20_000)
    #expect(try run(next) == nil)
    var status: Int32 = 0
    #expect(unsafe waitpid(process, &status, WNOHANG) == -1)
  }
}
