import Foundation
import ProveKeySealing
import ProveKeyShell
import ProveKeyVault

/// A vault of this process's own, in a folder that the system tidies.
private nonisolated(unsafe) let session: ShellSession = {
  let path = NSTemporaryDirectory() + "fuzz-\(getpid()).vault"
  guard let key = try? RawKey.random(),
    let vault = try? KeyVault.create(at: path, unlock: .rawKey(key))
  else { preconditionFailure("no vault to fuzz with") }
  return ShellSession(vault: vault)
}()

/// Any line has one answer, which is one line of JSON (H1, H2).
func fuzz(_ bytes: [UInt8]) {
  // A backup would write wherever the input says.
  let backup = Array("backup".utf8)
  guard !bytes.contains(UInt8(ascii: "\n")), !bytes.contains(UInt8(ascii: "\\")),
    !bytes.indices.contains(where: { bytes[$0...].starts(with: backup) })
  else { return }
  let answer = unsafe session.answer(to: bytes)
  precondition(answer.firstIndex(of: UInt8(ascii: "\n")) ?? (answer.count - 1) == answer.count - 1)
  guard let object = try? JSONSerialization.jsonObject(with: Data(answer)) as? [String: Any] else {
    preconditionFailure("the answer is no JSON object")
  }
  precondition(object["ok"] is Bool)
}
