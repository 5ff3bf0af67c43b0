import ProveKeyPlatform

/// Runs the retry step of an Instant Link beside the wait for the link, once for each SMS.
///
/// Cancelled when it goes away: the link was opened, has expired, or the flow was given up.
final class RetryWatch: Sendable {
  /// What came of the step.
  enum Answer: Sendable {
    case reply(DeviceReply)
    case givenUp
  }

  private let answer: Locked<Answer?>
  private let task: Task<Void, Never>

  init(_ step: any InstantLinkRetryStep) {
    let answer = Locked<Answer?>(nil)
    self.answer = answer
    task = Task {
      do {
        switch try await step.execute() {
        case .resend: answer.withLock { $0 = .reply(.resend) }
        case .changeNumber: answer.withLock { $0 = .reply(.changeNumber) }
        case nil: break  // the person goes on waiting
        }
      } catch {
        answer.withLock { $0 = .givenUp }
      }
    }
  }

  deinit {
    task.cancel()
  }

  /// What came of the step so far.
  var current: Answer? { answer.withLock { $0 } }
}
