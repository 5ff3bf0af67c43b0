import Foundation
import ProveKeyModel
import ProveKeySealing
import ProveKeyShell
import ProveKeyVault
import Testing

@Suite("Keys and the vault through the shell")
struct KeyOperationTests {
  private let shell: ShellFixture
  private let scope = #""origin":"https://a.example","buildConfig":"EU_PROD""#
  private let challenge = Data(0..<32).base64EncodedString()

  init() throws { shell = try ShellFixture() }

  @Test("a key is placed, confirmed, found, listed, used and removed")
  func life() throws {
    #expect(try shell.result(#"{"op":"keys.current",\#(scope)}"#) == .null)
    let pending = try shell.result(#"{"op":"keys.place",\#(scope)}"#)
    let id = try #require(pending["deviceId"].text)
    #expect(pending["state"] == .string("pending"))
    #expect(pending["confirmedAt"] == .null)
    #expect(pending["algorithm"] == .string("EdDSA"))
    #expect(try shell.result(#"{"op":"keys.place",\#(scope)}"#) == pending, "the same one again")

    let placed = try shell.result(#"{"op":"keys.confirm",\#(scope),"deviceId":"\#(id)"}"#)
    #expect(placed["state"] == .string("placed"))
    #expect(try shell.result(#"{"op":"keys.get","deviceId":"\#(id)"}"#) == placed)
    #expect(try shell.result(#"{"op":"keys.current",\#(scope)}"#) == placed)
    #expect(try shell.result(#"{"op":"keys.list",\#(scope)}"#) == .array([placed]))
    #expect(try shell.result(#"{"op":"keys.list","origin":"https://a.example"}"#) == .array([]))
    let key = try #require(try shell.vault.key(DeviceID(validating: id)))
    #expect(key.scope.buildConfig == .euProd)
    #expect(placed["publicKey"].bytes == key.publicKey.bytes)

    #expect(try shell.result(#"{"op":"keys.remove","deviceId":"\#(id)"}"#) == .boolean(true))
    #expect(try shell.result(#"{"op":"keys.remove","deviceId":"\#(id)"}"#) == .boolean(false))
    #expect(try shell.result(#"{"op":"keys.get","deviceId":"\#(id)"}"#) == .null)
  }

  @Test("an assertion holds for its challenge, in parts and in its wire form")
  func sign() throws {
    let key = try shell.result(#"{"op":"keys.place",\#(scope),"deviceId":"d-1"}"#)
    #expect(key["deviceId"] == .string("d-1"))
    var counters: [Double] = []
    for _ in 0..<3 {
      let answer = try shell.result(
        #"{"op":"keys.sign","deviceId":"d-1","challenge":{"base64":"\#(challenge)"}}"#)
      let assertion = try KeyAssertion(encoded: try #require(answer["encoded"].bytes))
      #expect(answer["signature"].bytes == assertion.signature)
      #expect(answer["counter"].number == assertion.counter.map { Double($0) })
      #expect(answer["generation"].number == assertion.vaultState.map { Double($0.generation) })
      #expect(answer["digest"].bytes == assertion.vaultState?.digest)
      let message = try KeyAssertion.signedBytes(
        challenge: [UInt8](0..<32), deviceID: assertion.deviceID, counter: assertion.counter,
        vaultState: assertion.vaultState)
      let publicKey = try #require(key["publicKey"].bytes)
      let isSound = Ed25519.verify(
        assertion.signature.span, of: message.span, publicKey: publicKey.span)
      #expect(isSound)
      counters.append(try #require(answer["counter"].number))
    }
    #expect(counters == [1, 2, 3])
  }

  @Test("what the keys role refuses has the name of its error")
  func refusals() throws {
    let sign = #"{"op":"keys.sign","deviceId":"d","challenge":{"base64":"#
    #expect(try shell.refusal(#"\#(sign)"\#(challenge)"}}"#) == "UnknownKey")
    #expect(try shell.refusal(#"\#(sign)"AAAA"}}"#) == "ChallengeOutOfBounds")
    #expect(
      try shell.refusal(#"{"op":"keys.confirm",\#(scope),"deviceId":"d"}"#) == "UnknownKey")
    try shell.result(#"{"op":"keys.place",\#(scope),"deviceId":"d"}"#)
    #expect(
      try shell.refusal(#"{"op":"keys.place","origin":"https://b.example","deviceId":"d"}"#)
        == "DeviceIDTaken")
    #expect(try shell.refusal(#"{"op":"keys.place","origin":""}"#) == "InvalidField")
  }

  @Test("no operation on keys gives out a private key (H4)")
  func secrecy() throws {
    let names = ShellOperation.all.map(\.name).filter { $0.hasPrefix("keys.") }
    #expect(
      names == [
        "keys.place", "keys.confirm", "keys.get", "keys.current", "keys.list", "keys.sign",
        "keys.remove",
      ])
    let key = try shell.result(#"{"op":"keys.place",\#(scope)}"#)
    guard case .object(let members) = key else { return #expect(Bool(false)) }
    #expect(
      Set(members.keys) == [
        "deviceId", "state", "algorithm", "publicKey", "buildConfig", "origin", "createdAt",
        "confirmedAt",
      ])
  }

  @Test("the vault tells of itself, is verified, rotated, retired and backed up")
  func vault() throws {
    try shell.result(#"{"op":"keys.place",\#(scope)}"#)
    let info = try shell.result(#"{"op":"vault.info"}"#)
    #expect(info["keys"] == .number(1))
    #expect(info["mode"] == .string("exclusive"))
    #expect(info["unlockedBy"] == .string("rawKey"))
    #expect(info["epochs"] == .array([.number(1)]))
    let report = try shell.result(#"{"op":"vault.verify"}"#)
    #expect(report["sound"] == .boolean(true))
    #expect(report["problems"] == .array([]))
    #expect(report["records"] == info["records"])

    let rotation = try shell.result(#"{"op":"vault.rotate"}"#)
    #expect(rotation["epoch"] == .number(2))
    #expect(rotation["retired"] == .array([.number(1)]))
    #expect(rotation["complete"] == .boolean(true))
    #expect(try shell.result(#"{"op":"vault.retire","epoch":1}"#) == .array([.number(2)]))
    for (epoch, error) in [(2, "EpochInUse"), (987_654, "UnknownEpoch")] {
      let refused = try shell.ask(#"{"op":"vault.retire","epoch":\#(epoch)}"#)
      #expect(refused.error == error)
      #expect(refused.message?.contains("\(epoch)") == false, "what a field carried (H4)")
    }

    for epoch in [2, 4_294_967_295] {
      let answer = try shell.ask(#"{"op":"vault.retire","epoch":\#(epoch)}"#)
      #expect(!answer.text.contains("\(epoch)"), "no refusal repeats what a field carried (H4)")
    }

    let backup = #"{"op":"vault.backup","to":"\#(shell.path("copy"))"}"#
    #expect(try shell.result(backup)["keys"] == .number(1))
    #expect(try shell.refusal(backup) == "AlreadyExists")
    #expect(
      try shell.refusal(#"{"op":"vault.backup","to":"\#(shell.path("no/copy"))"}"#)
        == "FolderMissing")
    try shell.vault.close()
    #expect(try shell.refusal(#"{"op":"vault.info"}"#) == "Closed")
  }
}
