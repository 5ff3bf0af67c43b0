import CampaignSupport
import Foundation
import ProveKeyModel
import Testing

@Suite("A key's life, played through the registry's shell", .inTurn)
struct FlowTests {
  private let number = "+12001004014"

  private func enrol(_ shell: RegistryShellFixture, at now: String) async throws {
    try await shell.result(#"{"op":"device.new","deviceId":"phone"}"#)
    let decision = try await shell.object(
      #"{"op":"decide","request":{"channel":"mobile"},"now":"\#(now)"}"#)
    #expect(decision["row"] as? String == "D11")
    #expect(decision["action"] as? String == "place")
    let key = try await shell.object(
      """
      {"op":"complete","device":"phone","possession":{"phoneNumber":"\(number)"},"now":"\(now)"}
      """)
    #expect(key["state"] as? String == "bound")
  }

  private func decide(_ shell: RegistryShellFixture, _ now: String) async throws -> String? {
    let decision = try await shell.object(
      #"{"op":"decide","request":{"channel":"mobile"},"device":"phone","now":"\#(now)"}"#)
    return decision["row"] as? String
  }

  @Test("the time of a request rules it: a year plays in five lines, to the millisecond (R5)")
  func years() async throws {
    let shell = try await RegistryShellFixture()
    try await enrol(shell, at: "2024-02-29T00:00:00Z")
    #expect(try await decide(shell, "2025-02-27T23:59:59.999Z") == "D10")
    let key = try await shell.object(#"{"op":"complete","now":"2025-02-27T23:59:59.999Z"}"#)
    #expect(key["lastAuthenticatedAt"] as? String == "2025-02-27T23:59:59.999Z")
    #expect(try await decide(shell, "2026-02-27T23:59:59.998Z") == "D10")
    #expect(try await decide(shell, "2026-02-27T23:59:59.999Z") == "D7")
  }

  @Test("without a time the machine's is taken, also after a request that had one")
  func machineTime() async throws {
    let shell = try await RegistryShellFixture()
    try await enrol(shell, at: "2001-01-01T00:00:00Z")
    let decision = try await shell.object(
      #"{"op":"decide","request":{"channel":"mobile"},"device":"phone"}"#)
    #expect(decision["row"] as? String == "D7", "2001 is long ago")
  }

  @Test("challenge, assertion and new key may also be passed from answer to request")
  func explicitProofs() async throws {
    let shell = try await RegistryShellFixture()
    try await shell.result(#"{"op":"device.new","deviceId":"phone"}"#)
    let decision = try await shell.object(#"{"op":"decide","request":{"channel":"mobile"}}"#)
    let ticket = try #require(decision["ticket"] as? String)
    func signed() async throws -> (challenge: String, result: [String: Any]) {
      let challenge = try json(try await shell.result(#"{"op":"challenge"}"#))
      let result = try await shell.object(
        #"{"op":"device.sign","deviceId":"phone","challenge":\#(challenge)}"#)
      return (challenge, result)
    }
    let offer = try await signed()
    let key = try await shell.object(
      """
      {"op":"complete","ticket":"\(ticket)","newKey":\(try json(offer.result["newKey"])),\
      "challenge":\(offer.challenge),"possession":{"phoneNumber":"\(number)"}}
      """)
    #expect(key["deviceId"] as? String == "phone")
    let proof = try await signed()
    let request = """
      {"op":"decide","request":{"channel":"mobile","phoneNumber":"\(number)"},\
      "presented":\(try json(proof.result["presented"])),"challenge":\(proof.challenge)}
      """
    #expect(try await shell.object(request)["row"] as? String == "D10")
    try await shell.result(#"{"op":"complete"}"#)
    #expect(try await shell.refusal(request) == "ChallengeSpent")
    #expect(try await shell.refusal(#"{"op":"complete"}"#) == "TicketSpent")
  }

  @Test("a copied key that shows a counter again is found out (D3)")
  func copiedKey() async throws {
    let shell = try await RegistryShellFixture()
    try await enrol(shell, at: "2026-01-01T00:00:00Z")
    let challenge = try json(
      try await shell.result(#"{"op":"challenge","now":"2026-01-02T00:00:00Z"}"#))
    let signed = try await shell.object(
      #"{"op":"device.sign","deviceId":"phone","challenge":\#(challenge),"counter":1}"#)
    let decision = try await shell.object(
      """
      {"op":"decide","request":{"channel":"mobile"},"presented":\(try json(signed["presented"])),\
      "challenge":\(challenge),"now":"2026-01-02T00:00:00Z"}
      """)
    #expect(decision["row"] as? String == "D3")
    #expect(decision["reason"] as? String == "counterRegression")
  }

  @Test("operator's changes, listings, explanation, sweep, verification and replay")
  func operations() async throws {
    let shell = try await RegistryShellFixture()
    let now = #""now":"2026-01-01T00:00:00Z""#
    try await shell.result(#"{"op":"device.new","deviceId":"a"}"#)
    let placed = try await shell.object(
      #"{"op":"place","device":"a","deviceType":"web","visitorId":"v",\#(now)}"#)
    #expect((placed["registration"] as? [String: Any])?["state"] as? String == "placed")
    let request = #""deviceId":"a",\#(now)}"#
    try await shell.result(#"{"op":"bind","phoneNumber":"+12001004014",\#(request)"#)
    try await shell.result(#"{"op":"rebind","phoneNumber":"+12001004015",\#(request)"#)
    try await shell.result(#"{"op":"recordAuthentication",\#(request)"#)
    let renamed = try await shell.object(#"{"op":"rename","name":"Phone",\#(request)"#)
    #expect((renamed["device"] as? [String: Any])?["name"] as? String == "Phone")
    try await shell.result(#"{"op":"suspend","reason":"lost",\#(request)"#)
    #expect(
      try await shell.refusal(#"{"op":"recordAuthentication",\#(request)"#) == "DeviceSuspended")
    let suspended = try await shell.object(#"{"op":"registrations","state":"suspended"}"#)
    #expect((suspended["registrations"] as? [Any])?.count == 1)
    try await shell.result(#"{"op":"resume",\#(request)"#)
    try await shell.result(#"{"op":"rekey","device":"a",\#(now)}"#)
    let marked = try await shell.result(
      #"{"op":"disconnect","phoneNumber":"+12001004015",\#(now)}"#)
    #expect(marked as? Int == 1)
    try await shell.result(#"{"op":"unbind",\#(request)"#)
    #expect(try await shell.refusal(#"{"op":"unbind",\#(request)"#) == "NotBound")
    #expect(try await shell.result(#"{"op":"revoke",\#(request)"#) as? String == "revoked")
    #expect(try await shell.result(#"{"op":"revoke",\#(request)"#) as? String == "alreadyRevoked")
    let resolved = try await shell.result(#"{"op":"resolve","deviceIds":["a","b"]}"#) as? [Any]
    #expect(resolved?.count == 2)
    #expect(resolved?.last is NSNull)
    let told = try await shell.result(#"{"op":"explain","deviceId":"a"}"#) as? [[String: Any]]
    #expect(told?.first?["event"] as? String == "revoked")
    #expect(told?.last?["event"] as? String == "placed")
    #expect(try await shell.object(#"{"op":"sweep"}"#)["complete"] as? Bool == true)
    #expect(try await shell.object(#"{"op":"verify"}"#)["sound"] as? Bool == true)
    let replayed = try await shell.object(#"{"op":"replay"}"#)
    #expect(replayed["decisions"] as? Int == replayed["reproduced"] as? Int)
  }

  @Test(
    "a browser that lost its key is recovered, and a number's registrations are listed in pages")
  func recovery() async throws {
    let shell = try await RegistryShellFixture(try RegistryPolicy(keyPersistence: true))
    let request = """
      {"channel":"mobile","phoneNumber":"\(number)","visitor":{"id":"v","confidence":0.99}}
      """
    for device in ["b1", "b2"] {
      try await shell.result(#"{"op":"device.new","deviceId":"\#(device)"}"#)
      try await shell.result(
        """
        {"op":"decide","request":{"channel":"mobile","rebind":true,\
        "visitor":{"id":"v","confidence":1}}}
        """)
      try await shell.result(
        #"{"op":"complete","device":"\#(device)","possession":{"phoneNumber":"\#(number)"}}"#)
    }
    let page = try await shell.object(
      #"{"op":"registrations","phoneNumber":"\#(number)","limit":1}"#)
    let next = try #require(page["next"] as? String)
    let rest = try await shell.object(
      #"{"op":"registrations","phoneNumber":"\#(number)","limit":5,"after":"\#(next)"}"#)
    #expect((rest["registrations"] as? [Any])?.count == 1)
    let decision = try await shell.object(#"{"op":"decide","request":\#(request)}"#)
    #expect(decision["outcome"] as? String == "recover")
    let found = try #require(decision["deviceId"] as? String)
    try await shell.result(#"{"op":"device.new","deviceId":"\#(found)"}"#)
    let key = try await shell.object(#"{"op":"complete","device":"\#(found)"}"#)
    #expect(key["deviceId"] as? String == found)
  }

  private func json(_ value: Any?) throws -> String {
    let data = try JSONSerialization.data(
      withJSONObject: try #require(value), options: [.fragmentsAllowed])
    return String(decoding: data, as: UTF8.self)
  }
}
