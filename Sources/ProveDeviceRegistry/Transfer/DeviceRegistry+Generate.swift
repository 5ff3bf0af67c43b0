import ProveKeyModel

extension DeviceRegistry {
  /// Registers synthetic registrations, in batches of 500 rows.
  ///
  /// Several batches are under way at once, so that they are sealed side by side and share commits.
  /// Those that are there already are passed over, so that a run that was interrupted goes on when it
  /// is begun again with the same seed and day.
  /// - Parameter progress: is told how many were made.
  /// - Returns: how many are registered now that were not before.
  @discardableResult
  public func generate(
    _ registrations: SyntheticRegistrations, progress: (_ done: Int) -> Void = { _ in }
  ) async throws(RegistryError) -> Int {
    var people = registrations
    var (done, registered, running) = (0, 0, 0)
    var failure: RegistryError?
    await withTaskGroup(of: GeneratedBatch.self) { group in
      while true {
        let isStarted = failure == nil && running < Self.generatedAtOnce
        let batch = isStarted ? people.next(RegistrationImport.batchCount) : []
        if !batch.isEmpty {
          running += 1
          group.addTask { await self.generated(batch) }
          continue
        }
        guard let finished = await group.next() else { return }
        running -= 1
        switch finished {
        case .done(let count, let new):
          done += count
          registered += new
          progress(done)
        case .failed(let error): failure = failure ?? error
        }
      }
    }
    if let failure { throw failure }
    return registered
  }

  /// Batches that are under way at once.
  private static let generatedAtOnce = 16

  private func generated(_ batch: [KeyRegistration]) async -> GeneratedBatch {
    do throws(RegistryError) {
      let arrivals = try await bringIn(batch, actor: "generate")
      return .done(count: batch.count, new: arrivals.count { $0 == .registered })
    } catch { return .failed(error) }
  }
}

/// What became of a batch.
private enum GeneratedBatch: Sendable {
  case done(count: Int, new: Int)
  case failed(RegistryError)
}

extension SyntheticRegistrations {
  /// The next few; fewer at the end.
  fileprivate mutating func next(_ count: Int) -> [KeyRegistration] {
    var batch: [KeyRegistration] = []
    batch.reserveCapacity(count)
    while batch.count < count, let registration = next() { batch.append(registration) }
    return batch
  }
}
