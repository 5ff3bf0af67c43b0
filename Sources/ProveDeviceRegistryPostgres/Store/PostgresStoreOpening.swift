import ProveDeviceRegistry
import ProveKeySealing

/// How the pool, keys and digests of a registry are brought up, step by step.
struct PostgresStoreOpening: Sendable {
  /// What is expected to be there.
  enum Expectation {
    case existing, new, orCreate
  }

  /// What an open store is made of.
  struct Parts {
    let keys: StoreKeys
    let ledger: SetLedger?
    let pool: ConnectionPool
    let replicas: ReplicaReader?
    let retrying: Retrying
  }

  private let address: String
  private let server: ServerAddress
  private let unlock: UnlockMethod
  private let options: PostgresStoreOptions
  private let pool: ConnectionPool

  init(
    _ address: String, _ unlock: UnlockMethod, _ options: PostgresStoreOptions
  ) throws(RegistryError) {
    self.address = address
    self.unlock = unlock
    self.options = options
    do throws(PostgresError) { server = try ServerAddress(address) } catch {
      throw RegistryError(error)
    }
    pool = ConnectionPool(options.pool) { [server] () throws(PostgresError) in
      try ServerConnection.connect(to: server, options.session)
    }
  }

  func open(_ expectation: Expectation) async throws(RegistryError) -> PostgresRegistryStore {
    do throws(RegistryError) {
      if expectation != .existing {
        _ = try await PostgresMigrator(address, options).run()
      }
      try await checkVersion()
      let keys = try await keys(expectation)
      let ledger = options.setDigests == .off ? nil : SetLedger(keys: keys)
      try await settleDigests(ledger)
      let replicas = try options.readOnlyHosts.map { hosts throws(RegistryError) in
        try ReplicaReader(hosts, options, primary: pool)
      }
      return PostgresRegistryStore(
        Parts(
          keys: keys, ledger: ledger, pool: pool, replicas: replicas, retrying: options.retrying),
        options)
    } catch {
      _ = await pool.close()
      throw error
    }
  }

  private func running<Value: Sendable>(
    _ body: @escaping @Sendable (ServerConnection) throws(PostgresError) -> Value
  ) async throws(RegistryError) -> Value {
    do throws(PostgresError) {
      return try await options.retrying.run { () async throws(PostgresError) in
        try await pool.run(body)
      }
    } catch { throw RegistryError(error) }
  }

  private func checkVersion() async throws(RegistryError) {
    let version = try await running { connection throws(PostgresError) in
      let rows = try connection.run(PostgresSQL.version)
      return rows.count == 1 ? try rows.integer(0, 0) : 0
    }
    try PostgresMigrator.refuseNewer(version, known: PostgresSchema.migrations.count)
    guard version == PostgresSchema.currentVersion else { throw .store(.schemaOutdated) }
  }

  // MARK: Keys

  /// The header with the sealed keys of all epochs.
  private struct Header: Sendable {
    let bytes: [UInt8]
    let epochs: [SealedEpoch]
  }

  private func keys(_ expectation: Expectation) async throws(RegistryError) -> StoreKeys {
    if let header = try await header() {
      guard expectation != .new else { throw .store(.alreadyExists) }
      return try opened(header)
    }
    guard expectation != .existing else { throw .store(.missing) }
    let keys: StoreKeys
    let bytes: [UInt8]
    do throws(SealingError) {
      (keys, bytes) = try StoreKeys.create(kind: .registry, unlock: unlock)
    } catch { throw .unlock(error) }
    let header = Header(bytes: bytes, epochs: keys.sealedEpochs)
    let digests = try SetLedger(keys: keys).empty()
    let isOurs = try await running { connection throws(PostgresError) in
      try Self.write(header, digests, connection)
    }
    if isOurs { return keys }
    // Another was quicker, or our own commit had gone through when its connection was lost.
    guard let found = try await self.header() else { throw .store(.missing) }
    if expectation == .new && found.bytes != bytes { throw .store(.alreadyExists) }
    return found.bytes == bytes ? keys : try opened(found)
  }

  private func header() async throws(RegistryError) -> Header? {
    let found: Header? = try await running { connection throws(PostgresError) in
      let results = try connection.exchange([
        Command(PostgresSQL.header), Command(PostgresSQL.epochs),
      ])
      guard let header = results.first, let epochs = results.last, header.count == 1 else {
        return nil
      }
      return Header(
        bytes: try header.bytes(0, 0),
        epochs: try epochs.all { row throws(PostgresError) in
          SealedEpoch(
            epoch: UInt32(clamping: try epochs.integer(row, 0)),
            sealed: try epochs.bytes(row, 1))
        })
    }
    return found
  }

  private func opened(_ header: Header) throws(RegistryError) -> StoreKeys {
    do throws(SealingError) {
      return try StoreKeys.open(
        header: header.bytes, epochs: header.epochs, kind: .registry, unlock: unlock)
    } catch { throw .unlock(error) }
  }

  /// Writes the header where there is none; false when there was one.
  private static func write(
    _ header: Header, _ digests: [StoredDigest], _ connection: ServerConnection
  ) throws(PostgresError) -> Bool {
    try connection.transaction { () throws(PostgresError) in
      var insert = Command(PostgresSQL.insertHeader)
      insert.add(header.bytes)
      guard try connection.begin(.readCommitted, [insert]).first?.changed == 1 else {
        try connection.run(ServerConnection.rollback)
        return false
      }
      var commands: [Command] = []
      for epoch in header.epochs {
        var command = Command(PostgresSQL.insertEpoch)
        command.add(Int64(epoch.epoch))
        command.add(epoch.sealed)
        commands.append(command)
      }
      _ = try connection.commit(after: commands + digests.map(DigestRebuild.insertion))
      return true
    }
  }

  // MARK: Set digests

  private func settleDigests(_ ledger: SetLedger?) async throws(RegistryError) {
    guard let ledger else { return }
    if options.setDigests == .rebuilt {
      return try await DigestRebuild(ledger: ledger, pool: pool, retrying: options.retrying).run()
    }
    let count = try await running { connection throws(PostgresError) in
      try connection.run(PostgresSQL.digests).count
    }
    if count == 0 { throw .store(.setDigestsMissing) }
    if count != 256 { throw .damaged(table: "bucket") }
  }
}

extension PostgresStoreOptions {
  var retrying: Retrying {
    var retrying = Retrying(
      attemptLimit: max(1, attemptLimit), windowMilliseconds: retryWindowMilliseconds)
    retrying.noteRetry = { [metrics] in metrics.countRetry(.connection) }
    return retrying
  }
}
