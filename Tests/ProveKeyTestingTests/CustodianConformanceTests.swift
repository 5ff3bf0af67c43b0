import Glibc
import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing
import ProveKeyTesting
import ProveKeyVault
import Testing

@Suite("the conformance check of custodians")
struct CustodianConformanceTests {
  private typealias Conformance = KeyCustodianConformance

  @Test("a sound custodian conforms, and nothing of the check stays with it")
  func sound() {
    let store = FaultyCustodian.Store()
    let report = Conformance.check { FaultyCustodian(nil, store) }
    #expect(report.isConformant, "\(report)")
    #expect(report.findings.count == Conformance.Property.allCases.count)
    #expect(store.isEmpty)
  }

  @Test(
    "each property is seen to fail, on a custodian that lacks it",
    arguments: [
      (FaultyCustodian.Fault.emptyName, Conformance.Property.nameIsValid),
      (.longHandle, .handlesDiffer), (.sameHandle, .handlesDiffer),
      (.samePublicKey, .publicKeysDiffer), (.wrongSignature, .signs), (.shortSignature, .signs),
      (.keysOfItsOwn, .anotherInstanceSigns), (.signsWithAnything, .foreignHandleIsAnError),
      (.deletesNothing, .deletes), (.deletesOnce, .deletes), (.deletesAll, .deletesNoOther),
      (.oneAtATime, .concurrentUse),
    ])
  private func broken(fault: FaultyCustodian.Fault, property: Conformance.Property) {
    let store = FaultyCustodian.Store()
    let report = Conformance.check { FaultyCustodian(fault, store) }
    #expect(report.failures.contains { $0.property == property }, "\(fault): \(report)")
  }
}

/// A custodian in memory that keeps every rule but one.
private final class FaultyCustodian: KeyCustodian {
  enum Fault {
    case emptyName, longHandle, sameHandle, samePublicKey, wrongSignature, shortSignature
    case keysOfItsOwn, signsWithAnything, deletesNothing, deletesOnce, deletesAll, oneAtATime
  }

  final class Store: Sendable {
    let keys = Locked<[[UInt8]: SecretBox]>([:])
    let inUse = Locked(false)
    var isEmpty: Bool { keys.withLock { $0.isEmpty } }
  }

  let name: String
  private let fault: Fault?
  private let store: Store

  init(_ fault: Fault?, _ store: Store) {
    self.fault = fault
    self.store = fault == .keysOfItsOwn ? Store() : store
    name = fault == .emptyName ? "" : "faulty"
  }

  func makeKey() throws -> CustodianKey {
    let seed =
      fault == .samePublicKey
      ? try SecretBytes(copying: [UInt8](repeating: 1, count: 32).span) : try Ed25519.makeSeed()
    let count = fault == .longHandle ? 4_097 : 16
    let handle = fault == .sameHandle ? [1, 2, 3] : SecureRandom.bytes(count)
    let box = SecretBox(try Ed25519.signingKey(ofSeed: seed))
    store.keys.withLock { $0[handle] = box }
    return CustodianKey(
      handle: handle,
      publicKey: try PublicKey(algorithm: .ed25519, bytes: try Ed25519.publicKey(ofSeed: seed)))
  }

  func sign(_ message: [UInt8], with handle: [UInt8]) throws -> [UInt8] {
    if fault == .oneAtATime {
      let isFree = store.inUse.withLock { inUse in
        defer { inUse = true }
        return !inUse
      }
      guard isFree else { throw CustodianError.unavailable }
      usleep(20_000)  // long enough for another thread to come
    }
    defer {
      if fault == .oneAtATime { store.inUse.withLock { $0 = false } }
    }
    if fault == .shortSignature { return [1] }
    let key = store.keys.withLock { keys in
      keys[handle] ?? (fault == .signsWithAnything ? keys.values.first : nil)
    }
    guard let key else { throw CustodianError.keyGone }
    let signed = fault == .wrongSignature ? message + [0] : message
    return Ed25519.sign(signed.span, with: key.bytes)
  }

  func delete(_ handle: [UInt8]) throws {
    try store.keys.withLock { keys in
      switch fault {
      case .deletesNothing: break
      case .deletesAll: keys = [:]
      case .deletesOnce where keys[handle] == nil: throw CustodianError.keyGone
      default: keys[handle] = nil
      }
    }
  }
}
