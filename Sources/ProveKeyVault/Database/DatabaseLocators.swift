import ProveKeyModel
import ProveKeySealing

/// One database: how its records are found.
struct DatabaseRoom: Hashable, Sendable {
  /// Whose it is.
  let origin: String
  /// Its name in UTF-16 code units.
  let name: [UInt16]
  /// The record that describes it.
  let record: Locator
  /// The namespace of the origin's databases.
  let databases: Locator
  /// The namespace of the states of the origin's stores.
  let states: Locator

  /// Checks origin and name, and makes the locators that every call needs.
  init(_ origin: String, _ name: [UInt16], _ keys: StoreKeys) throws(VaultError) {
    guard isIdentifierText(origin) else { throw .invalidOrigin }
    guard name.count <= VaultLimits.databaseNameCodeUnits else {
      throw .database(.quotaExceeded)
    }
    self.origin = origin
    self.name = name
    record = keys.databaseLocator(origin, name)
    databases = keys.databasesNamespace(origin)
    states = keys.databaseStatesNamespace(origin)
  }

  /// Where the records of a store are.
  func store(_ id: UInt64, _ keys: StoreKeys) -> StoreRoom {
    let rows = keys.databaseRowsNamespace(origin, name, id)
    return StoreRoom(rows: rows, state: keys.databaseStateLocator(rows))
  }
}

/// One object store: how its records are found.
struct StoreRoom: Hashable, Sendable {
  /// The namespace of its rows: one row of the table, one row of the store.
  let rows: Locator
  /// The record of its state.
  let state: Locator
}

/// Where the records of the database role are found: no name or key stands in the clear.
extension StoreKeys {
  /// The record that describes a database.
  func databaseLocator(_ origin: String, _ name: [UInt16]) -> Locator {
    locator("vault.database", Array(origin.utf8), UTF16Bytes.bytes(of: name))
  }

  /// The namespace of an origin's databases: one row, one database.
  func databasesNamespace(_ origin: String) -> Locator { locator("vault.databases", origin) }

  /// The namespace of the states of an origin's stores: one row, one store.
  func databaseStatesNamespace(_ origin: String) -> Locator {
    locator("vault.database.states", origin)
  }

  /// The namespace of a store's rows.
  func databaseRowsNamespace(_ origin: String, _ name: [UInt16], _ storeID: UInt64) -> Locator {
    var id = ByteWriter(reservingCapacity: 8)
    id.write(storeID)
    return locator(
      "vault.database.rows", Array(origin.utf8), UTF16Bytes.bytes(of: name), id.bytes)
  }

  /// The state of the store with this namespace of rows.
  func databaseStateLocator(_ rows: Locator) -> Locator {
    locator("vault.database.state", rows.bytes)
  }

  /// The row of an encoded key in the store with this namespace of rows.
  func databaseRowLocator(_ rows: Locator, _ key: [UInt8]) -> Locator {
    rows.withBytes { rows in locator("vault.database.row", rows, key.span) }
  }
}
