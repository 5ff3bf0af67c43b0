import ProveDeviceRegistry
import ProveKeyPlatform
import ProveKeySealing

/// Looks registrations up on hosts that only read, within a bound on how old an answer may be.
///
/// - R1: an answer is used only when it is known to hold everything that was committed at some
///   moment no longer ago than the bound, by this process's own monotonic clock. The primary is
///   asked how far its log has been written, the replica in the look-up's own round trip how far it
///   has replayed it; no clock of another machine is trusted, and a replica cut off from its primary
///   grows old like any other.
/// - R2: what this handle has written, or tried to, is not looked up here before the bound has
///   passed: it sees its own writes (G4), and a retry after a conflict sees what it met.
/// - R3: whatever goes wrong here, the primary is asked instead.
final class ReplicaReader: Sendable {
  private let pool: ConnectionPool
  private let primary: ConnectionPool
  private let bound: Duration
  private let state = Locked(State())

  /// Registrations whose writes are remembered; with more, everything counts as written.
  private static let writtenLimit = 10_000
  /// For how long replicas are left alone after one failed or was too far behind.
  private static let restMilliseconds = 250

  private struct State {
    /// How far the primary's log was written, and when that was asked; oldest first.
    var samples: [(log: UInt64, at: ContinuousClock.Instant)] = []
    var isSampling = false
    var written: [Locator: ContinuousClock.Instant] = [:]
    var allWrittenAt: ContinuousClock.Instant?
    var restsUntil: ContinuousClock.Instant?
  }

  init(
    _ hosts: PostgresStoreOptions.ReadOnlyHosts, _ options: PostgresStoreOptions,
    primary: ConnectionPool
  ) throws(RegistryError) {
    self.primary = primary
    bound = .milliseconds(max(1, hosts.maximumStalenessMilliseconds))
    var limits = options.pool
    limits.connections = max(1, hosts.connectionLimit)
    // Rather than wait for a replica, ask the primary.
    limits.waitTimeoutMilliseconds = 100
    var settings = options.session
    settings.role = .preferStandby
    do throws(PostgresError) {
      let server = try ServerAddress(hosts.address)
      pool = ConnectionPool(limits) { [settings] () throws(PostgresError) in
        try ServerConnection.connect(
          to: server, settings, firstHost: Int.random(in: 0..<server.hostCount))
      }
    } catch { throw RegistryError(error) }
  }

  /// Reads registrations; nothing when the primary must be asked.
  func registrations(at devices: [Locator]) async -> [StoredRegistration?]? {
    let now = ContinuousClock.now
    sampleIfDue(now)
    guard mayAsk(devices, now) else { return nil }
    do throws(PostgresError) {
      let (log, rows) = try await pool.run {
        connection throws(PostgresError) -> (UInt64, [StoredRegistration?]) in
        // In one exchange, and in this order: what is read is at least as new as the log.
        let results = try connection.exchange(
          [Command(PostgresSQL.replayedLog)] + PostgresReader.lookUps(devices))
        guard let first = results.first, !first.isNull(0, 0) else { return (UInt64(0), []) }
        let rows = try PostgresReader.registrations(results.dropFirst(), at: devices)
        return (UInt64(bitPattern: try first.integer(0, 0)), rows)
      }
      if isFresh(log, now) { return rows }
    } catch {
      // The primary is asked instead (R3).
    }
    state.withLock { $0.restsUntil = .now + .milliseconds(Self.restMilliseconds) }
    return nil
  }

  /// Notes that rows have been written, or may have been (R2).
  func note(_ batch: [RegistryWrite]) {
    let now = ContinuousClock.now
    state.withLock { state in
      if state.written.count + batch.count > Self.writtenLimit {
        state.written = state.written.filter { now - $0.value <= bound }
      }
      guard state.written.count + batch.count <= Self.writtenLimit else {
        state.allWrittenAt = now
        state.written = [:]
        return
      }
      for write in batch {
        switch write {
        case .insert(let row), .update(let row, _), .remove(let row):
          state.written[row.device] = now
        case .append, .put, .redact, .removeItem: break
        }
      }
    }
  }

  func close() async {
    _ = await pool.close()
  }

  private func mayAsk(_ devices: [Locator], _ now: ContinuousClock.Instant) -> Bool {
    state.withLock { state in
      if let rest = state.restsUntil, now < rest { return false }
      if let all = state.allWrittenAt, now - all <= bound { return false }
      return devices.allSatisfy { device in
        guard let written = state.written[device] else { return true }
        return now - written > bound
      }
    }
  }

  /// Whether a replica that has replayed so much of the log is within the bound (R1).
  private func isFresh(_ log: UInt64, _ now: ContinuousClock.Instant) -> Bool {
    state.withLock { state in
      guard let sample = state.samples.last(where: { $0.log <= log }) else { return false }
      return now - sample.at <= bound
    }
  }

  // MARK: The primary's log

  private func sampleIfDue(_ now: ContinuousClock.Instant) {
    let isDue = state.withLock { state in
      if let last = state.samples.last, now - last.at < bound / 4 { return false }
      guard !state.isSampling else { return false }
      state.isSampling = true
      return true
    }
    guard isDue else { return }
    primary.submit { self.sample($0) }
  }

  private func sample(_ connection: Result<ServerConnection, PostgresError>) {
    let asked = ContinuousClock.now
    var log: UInt64?
    do throws(PostgresError) {
      let rows = try connection.get().run(PostgresSQL.writtenLog)
      log = UInt64(bitPattern: try rows.integer(0, 0))
    } catch {
      // Without a sample answers grow too old, and the primary is asked itself.
    }
    state.withLock { state in
      state.isSampling = false
      guard let log else { return }
      state.samples.removeAll { asked - $0.at > bound }
      state.samples.append((log, asked))
    }
  }
}
