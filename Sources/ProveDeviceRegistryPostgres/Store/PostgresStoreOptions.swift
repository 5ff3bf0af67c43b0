public import ProveDeviceRegistry
public import ProveKeyPlatform

/// How a registry in PostgreSQL is used.
public struct PostgresStoreOptions: Sendable {
  /// What becomes of the set digests.
  public enum SetDigests: Hashable, Sendable {
    /// They are kept, and must be there.
    case kept
    /// This handle keeps none. Once it has written, the digests agree with the rows no more until
    /// they are rebuilt: all of a registry's processes choose alike.
    case off
    /// They are made anew from the rows as they are, and kept. Writers wait meanwhile.
    case rebuilt
  }

  /// Servers that only read, for look-ups of registrations by deviceId.
  public struct ReadOnlyHosts: Sendable {
    /// Their connection string, which may name several.
    public var address: String
    /// How old an answer may be, in milliseconds.
    ///
    /// A server that lags further behind, or whose lag is
    /// not known, is not asked.
    public var maximumStalenessMilliseconds: Int
    /// Connections at most.
    public var connectionLimit: Int

    /// Names servers that only read.
    public init(
      address: String, maximumStalenessMilliseconds: Int = 2000, connectionLimit: Int = 8
    ) {
      self.address = address
      self.maximumStalenessMilliseconds = maximumStalenessMilliseconds
      self.connectionLimit = connectionLimit
    }
  }

  /// What becomes of the set digests; kept by default.
  public var setDigests: SetDigests = .kept
  /// Servers for look-ups beside the primary; none by default.
  public var readOnlyHosts: ReadOnlyHosts?
  /// Connections to the primary at most.
  public var connectionLimit = 8
  /// Calls that may wait for a connection; one more is refused as ``StoreProblem/overloaded``.
  public var waiterLimit = 1000
  /// How long a call waits for a connection, in milliseconds.
  public var waitTimeoutMilliseconds = 5000
  /// How long connecting to one host may take, where the connection string does not say.
  public var connectTimeoutMilliseconds = 5000
  /// How long a statement may run on the server, in milliseconds.
  public var statementTimeoutMilliseconds = 5000
  /// How long a statement may wait for a lock, in milliseconds.
  public var lockTimeoutMilliseconds = 2000
  /// How long a transaction may lie idle before the server ends it, in milliseconds.
  public var idleInTransactionTimeoutMilliseconds = 10_000
  /// How often a call is tried when connections are lost, the first time included.
  ///
  /// A call that fails at once each time is tried about once a second: by default the window ends
  /// it first, however long it is.
  public var attemptLimit = 1000
  /// For how long a call is tried again, in milliseconds.
  ///
  /// 20 seconds outlast a restart or a promotion by hand, and about as long as people wait. Where an
  /// elector waits for a leader's lease to run out, it takes the lease and some more: `docs/postgres.md`
  /// tells how much.
  public var retryWindowMilliseconds = 20_000
  /// Where the day comes from under which ids of writes are kept.
  public var clock: WallClock = .system
  /// What times the waits for a connection and counts lost ones; by default sent where the program's metrics go.
  public var metrics = RegistryMetrics()

  /// The defaults.
  public init() {}

  var session: SessionSettings {
    var settings = SessionSettings()
    settings.connectTimeoutMilliseconds = connectTimeoutMilliseconds
    settings.statementTimeoutMilliseconds = statementTimeoutMilliseconds
    settings.lockTimeoutMilliseconds = lockTimeoutMilliseconds
    settings.idleInTransactionTimeoutMilliseconds = idleInTransactionTimeoutMilliseconds
    settings.role = .readWrite
    return settings
  }

  var pool: PoolLimits {
    var limits = PoolLimits()
    limits.connections = max(1, connectionLimit)
    limits.waiters = max(0, waiterLimit)
    limits.waitTimeoutMilliseconds = waitTimeoutMilliseconds
    limits.noteWait = { [metrics] in metrics.recordPoolWait(since: $0) }
    return limits
  }
}
