import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import ProveKeyVault

/// A custodian in memory, which does wrong when it is told to.
final class SoftwareCustodian: KeyCustodian {
  enum Fault {
    case throwsAtMaking
    case throwsAtSigning(any Error)
    case shortSignature
    case foreignSignature
    case emptyHandle
    case longHandle
    case sameKeyAgain
    case throwsAtDeleting
  }

  private struct State {
    var keys: [[UInt8]: SecretBox] = [:]
    var last: CustodianKey?
    var fault: Fault?
    var made = 0
  }

  let name: String
  private let state = Locked(State())
  /// Runs while a signature is made, outside any lock of the custodian's.
  let duringSigning = Locked<(@Sendable () throws -> Void)?>(nil)

  init(_ name: String = "software") { self.name = name }

  var handles: Set<[UInt8]> { state.withLock { Set($0.keys.keys) } }
  var made: Int { state.withLock { $0.made } }

  func fail(_ fault: Fault?) { state.withLock { $0.fault = fault } }

  func makeKey() throws -> CustodianKey {
    try state.withLock { state in
      if case .throwsAtMaking = state.fault { throw CustodianError.unavailable }
      if case .sameKeyAgain = state.fault, let last = state.last { return last }
      let seed = try Ed25519.makeSeed()
      let publicKey = try PublicKey(
        algorithm: .ed25519, bytes: try Ed25519.publicKey(ofSeed: seed))
      var handle = SecureRandom.bytes(24)
      if case .emptyHandle = state.fault { handle = [] }
      if case .longHandle = state.fault { handle = SecureRandom.bytes(4_097) }
      state.keys[handle] = SecretBox(try Ed25519.signingKey(ofSeed: seed))
      let key = CustodianKey(handle: handle, publicKey: publicKey)
      state.last = key
      state.made += 1
      return key
    }
  }

  func sign(_ message: [UInt8], with handle: [UInt8]) throws -> [UInt8] {
    try duringSigning.withLock { $0 }?()
    let (key, fault) = state.withLock { ($0.keys[handle], $0.fault) }
    guard let key else { throw CustodianError.keyGone }
    switch fault {
    case .throwsAtSigning(let error): throw error
    case .shortSignature: return [1, 2, 3]
    case .foreignSignature: return Ed25519.sign([UInt8](message.dropLast()).span, with: key.bytes)
    default: return Ed25519.sign(message.span, with: key.bytes)
    }
  }

  func delete(_ handle: [UInt8]) throws {
    try state.withLock { state in
      if case .throwsAtDeleting = state.fault { throw CustodianError.refused }
      state.keys[handle] = nil
    }
  }
}
