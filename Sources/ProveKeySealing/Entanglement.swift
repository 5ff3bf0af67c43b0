/// The random value that a store is entangled with: 32 bytes in a file of a folder.
///
/// The key of the method within and the value become one key: keyed BLAKE2b-256 of (label, salt,
/// value) under the former. The header's check is keyed BLAKE2b-256 of (label, salt) under the value,
/// so that another value is told from another secret; the value is random, and the check tells
/// nothing of it.
enum Entanglement {
  private static let mixLabel = "prove-key-store entangled key 1"
  private static let checkLabel = "prove-key-store entangled check 1"

  /// Reads the value of a store, and makes it when the folder has none.
  ///
  /// One that is there is never replaced: an older header may need it until a new one is durable.
  static func valueForLocking(
    _ folder: String, storeID: StoreID
  ) throws(SealingError) -> SecretBytes {
    let path = path(folder, storeID)
    do throws(SealingError) {
      return try KeyFile.read(at: path)
    } catch .keyFile(.missing) {
      do throws(SealingError) {
        try KeyFile.create(at: path)
      } catch .keyFile(.alreadyExists) {
        // Another process was quicker: its value is as good.
      } catch {
        throw asEntanglement(error)
      }
      return try value(folder, storeID: storeID)
    } catch {
      throw asEntanglement(error)
    }
  }

  /// Reads the value of a store.
  static func value(_ folder: String, storeID: StoreID) throws(SealingError) -> SecretBytes {
    do throws(SealingError) {
      return try KeyFile.read(at: path(folder, storeID))
    } catch {
      throw asEntanglement(error)
    }
  }

  /// Mixes a key with the value.
  static func mix(
    _ key: borrowing SecretBytes, _ value: borrowing SecretBytes, salt: [UInt8]
  ) throws(SealingError) -> SecretBytes {
    try SecretBytes(count: 32) { output throws(SealingError) in
      key.withBytes { key in
        value.withBytes { value in
          Blake2b.hash(key: key, into: &output) { hasher in
            hasher.feedPart(mixLabel)
            hasher.feedPart(salt.span)
            hasher.feedPart(value)
          }
        }
      }
    }
  }

  /// What tells another value.
  static func check(_ value: borrowing SecretBytes, salt: [UInt8]) -> [UInt8] {
    var check = [UInt8](repeating: 0, count: UnlockParameters.valueCheckCount)
    var output = check.mutableSpan
    value.withBytes { value in
      Blake2b.hash(key: value, into: &output) { hasher in
        hasher.feedPart(checkLabel)
        hasher.feedPart(salt.span)
      }
    }
    return check
  }

  /// The file's path: the store's id names it, which stands in the store's header as well.
  static func path(_ folder: String, _ storeID: StoreID) -> String {
    let digits = storeID.bytes.map { byte in
      (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
    return folder + "/" + digits.joined() + ".entangled"
  }

  private static func asEntanglement(_ error: SealingError) -> SealingError {
    if case .keyFile(let problem) = error { .entanglement(problem) } else { error }
  }
}
