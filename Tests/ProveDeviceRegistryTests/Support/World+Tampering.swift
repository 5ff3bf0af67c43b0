import CFaultVFS
import ProveKeySealing
import SQLiteDatabase

@testable import ProveDeviceRegistry

// What somebody can do who has SQL access to the file and no key.

extension World {
  /// Runs statements on the file behind the registry's back.
  func tamper(_ sql: String) async throws {
    let connection = try Connection(
      path: path, options: ConnectionOptions(access: .readWrite, locking: .normal))
    try connection.execute(sql)
    try connection.close()
  }

  /// Runs statements that the library's own connections refuse, such as those that edit the schema's
  /// text.
  func tamperFreely(_ sql: String) throws {
    let status = unsafe pks_execute(path, sql)
    guard status == 0 else { throw DatabaseError(.other, operation: "tamper: \(status)") }
  }

  /// Reads one integer behind the registry's back.
  func count(_ sql: String) throws -> Int64 {
    let connection = try Connection(
      path: path, options: ConnectionOptions(access: .readOnly, locking: .normal))
    let value = try connection.int64(sql)
    try connection.close()
    return value
  }

  /// The device's locator as SQL writes a blob.
  func hex(_ device: TestDevice) async throws -> String {
    hex(registry.codec.locator(of: device.deviceID))
  }

  func hex(_ locator: Locator) -> String {
    locator.bytes.map { byte in
      let text = String(byte, radix: 16)
      return byte < 16 ? "0" + text : text
    }.joined()
  }
}
