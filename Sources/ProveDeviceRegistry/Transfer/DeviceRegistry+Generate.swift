import ProveKeyModel

extension DeviceRegistry {
  /// Registers synthetic registrations, in transactions of 500 rows.
  ///
  /// Those that are there already are passed over, so that a run that was interrupted goes on when it
  /// is begun again with the same seed and day.
  /// - Parameter progress: is told how many were made.
  /// - Returns: how many are registered now that were not before.
  @discardableResult
  public func generate(
    _ registrations: SyntheticRegistrations, progress: (_ done: Int) -> Void = { _ in }
  ) async throws(RegistryError) -> Int {
    var (done, registered) = (0, 0)
    var batch: [KeyRegistration] = []
    for registration in registrations {
      batch.append(registration)
      guard batch.count == RegistrationImport.batchCount else { continue }
      registered += try await bringIn(batch, actor: "generate").count { $0 == .registered }
      done += batch.count
      progress(done)
      batch.removeAll(keepingCapacity: true)
    }
    if !batch.isEmpty {
      registered += try await bringIn(batch, actor: "generate").count { $0 == .registered }
      progress(done + batch.count)
    }
    return registered
  }
}
