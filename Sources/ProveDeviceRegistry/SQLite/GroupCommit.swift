import Dispatch
import ProveKeyPlatform
import SQLiteDatabase

/// Lets writers that arrive together share one commit, since a durable commit costs the same for
/// one batch as for many.
///
/// Writers queue up while a commit is under way; the next commit takes them all, up to a limit.
/// A failure of the commit is told to each of them, and nothing of theirs is kept.
final class GroupCommit: Sendable {
  private let writer: Locked<RegistryWriter?>
  private let waiting = Locked<[Request]>([])
  /// Nothing where others write as well.
  private let snapshots: KeptSnapshots?
  private let queue = DispatchQueue(label: "prove-device-registry.commit")

  /// Batches that one commit takes at most.
  private static let batchLimit = 256

  private struct Request: Sendable {
    let batch: BatchRequest
    let continuation: CheckedContinuation<Result<WriteOutcome, StoreFailure>, Never>
  }

  init(_ writer: sending RegistryWriter, _ snapshots: KeptSnapshots?) {
    self.writer = Locked(writer)
    self.snapshots = snapshots
  }

  /// Writes a batch; returns when it is durable or refused.
  func write(_ batch: BatchRequest) async throws(StoreFailure) -> WriteOutcome {
    let result = await withCheckedContinuation { continuation in
      waiting.withLock { $0.append(Request(batch: batch, continuation: continuation)) }
      queue.async { self.commitWaiting() }
    }
    return try result.get()
  }

  /// Runs one call of the writer's, in turn with the commits.
  func run<Value: Sendable>(
    _ body: @escaping @Sendable (RegistryWriter) throws(DatabaseError) -> Value
  ) async throws(DatabaseError) -> Value {
    let result: Result<Value, DatabaseError> = await withCheckedContinuation { continuation in
      queue.async {
        continuation.resume(returning: self.withWriter(body))
      }
    }
    return try result.get()
  }

  func close() async throws(DatabaseError) {
    let result: Result<Void, DatabaseError> = await withCheckedContinuation { continuation in
      queue.async {
        let result = self.withWriter { writer throws(DatabaseError) in try writer.close() }
        self.writer.withLock { $0 = nil }
        continuation.resume(returning: result)
      }
    }
    try result.get()
  }

  private func commitWaiting() {
    let requests = waiting.withLock { waiting in
      let taken = Array(waiting.prefix(Self.batchLimit))
      waiting.removeFirst(taken.count)
      return taken
    }
    // An earlier commit has taken everybody along.
    guard !requests.isEmpty else { return }
    let result = withWriter { writer throws(StoreFailure) in
      try writer.write(requests.map(\.batch))
    }
    switch result {
    case .success(let outcomes):
      for (request, outcome) in zip(requests, outcomes) {
        request.continuation.resume(returning: .success(outcome))
      }
    case .failure(let error):
      for request in requests { request.continuation.resume(returning: .failure(error)) }
    }
  }

  private func withWriter<Value, Failure: DatabaseErrorConvertible>(
    _ body: (RegistryWriter) throws(Failure) -> Value
  ) -> Result<Value, Failure> {
    writer.withLock { writer in
      guard let writer else {
        return .failure(Failure(database: DatabaseError(.misuse, operation: "closed")))
      }
      defer { snapshots?.endTurn() }
      do throws(Failure) { return .success(try body(writer)) } catch { return .failure(error) }
    }
  }
}
