import ArgumentParser
import ProveDeviceRegistry
import ProveDeviceRegistryPostgres
import ProveKeySealing

/// Where a registry's rows are, as `--store` names it.
enum StoreAddress: Equatable, ExpressibleByArgument {
  /// A file on this machine.
  case sqlite(path: String)
  /// A PostgreSQL server, by its URL.
  case postgres(url: String)

  /// Reads `sqlite:PATH`, `postgresql://...` or `postgres://...`.
  init?(argument: String) {
    if argument.hasPrefix("sqlite:"), argument.utf8.count > 7 {
      self = .sqlite(path: String(argument.dropFirst(7)))
    } else if argument.hasPrefix("postgresql://") || argument.hasPrefix("postgres://") {
      self = .postgres(url: argument)
    } else {
      return nil
    }
  }

  /// Refuses what would show a secret in the process list.
  func validate() throws {
    guard case .postgres(let url) = self else { return }
    let rest = url.drop { $0 != "/" }.dropFirst(2)
    let user = rest.prefix { $0 != "/" && $0 != "?" }
    let hasPassword =
      user.split(separator: "@", omittingEmptySubsequences: false).count > 1
      && user.prefix { $0 != "@" }.contains(":")
    let names = rest.split(separator: "?").dropFirst().joined().lowercased()
    guard !hasPassword, !names.contains("password=") else {
      throw ValidationError(
        """
        A password in --store shows in the process list. Put it in a file that PGPASSFILE names, or \
        in the environment as PGPASSWORD.
        """)
    }
  }

  /// Opens a store that exists.
  func open(unlock: UnlockMethod, options: SQLiteStoreOptions) async throws -> any RegistryStore {
    switch self {
    case .sqlite(let path):
      try SQLiteRegistryStore.openExisting(at: path, unlock: unlock, options: options)
    case .postgres(let url):
      try await PostgresRegistryStore.openExisting(
        url, unlock: unlock, options: Self.postgres(options))
    }
  }

  /// Makes a store where there is none.
  func create(unlock: UnlockMethod, options: SQLiteStoreOptions) async throws -> any RegistryStore {
    switch self {
    case .sqlite(let path):
      try SQLiteRegistryStore.create(at: path, unlock: unlock, options: options)
    case .postgres(let url):
      try await PostgresRegistryStore.create(url, unlock: unlock, options: Self.postgres(options))
    }
  }

  /// The same choices for a server, where nobody is alone.
  private static func postgres(_ options: SQLiteStoreOptions) throws -> PostgresStoreOptions {
    guard options.mode == .shared else {
      throw ValidationError("--mode exclusive is for SQLite; a server has other users.")
    }
    var chosen = forPeople
    chosen.setDigests =
      switch options.setDigests {
      case .kept: .kept
      case .off: .off
      case .rebuilt: .rebuilt
      }
    return chosen
  }

  /// How a command connects: somebody waits for it, so it gives up sooner than a server would.
  static var forPeople: PostgresStoreOptions {
    var options = PostgresStoreOptions()
    options.retryWindowMilliseconds = 3000
    return options
  }
}
