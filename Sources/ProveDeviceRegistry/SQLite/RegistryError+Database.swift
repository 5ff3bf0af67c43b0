import SQLiteDatabase

extension RegistryError {
  /// Wraps what the database met.
  init(_ error: DatabaseError) {
    self = .store(StoreProblem(error))
  }
}

extension StoreProblem {
  fileprivate init(_ error: DatabaseError) {
    switch error.kind {
    case .inUse: self = .inUse
    case .readOnly: self = .readOnly
    case .folderMissing: self = .folderMissing
    case .fileMissing: self = .missing
    case .permissionDenied: self = .permissionDenied
    case .permissionsTooOpen(let mode): self = .permissionsTooOpen(mode: mode)
    case .full: self = .diskFull
    case .corrupt, .schemaAltered, .columnType: self = .corrupt
    case .notADatabase, .wrongApplication, .notARegularFile, .formatUnknown: self = .notARegistry
    case .formatNewer(let found, let known): self = .formatNewer(found: found, known: known)
    case .misuse where error.operation == "closed": self = .closed
    default: self = .failed(code: error.code.rawValue)
    }
  }
}
