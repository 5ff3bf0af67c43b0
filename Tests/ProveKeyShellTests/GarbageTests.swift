import Foundation
import ProveKeyShell
import ProveKeyVault
import Testing

@Suite("Garbage")
struct GarbageTests {
  /// Requests of every kind, which the mutations begin with.
  static let seeds = [
    #"{"id":1,"op":"localStorage.setItem","origin":"https://a.example","key":"k","value":"v"}"#,
    #"{"id":"é","op":"localStorage.getItem","origin":"o","key":{"utf16":[55296,0]}}"#,
    #"{"id":2,"op":"localStorage.key","origin":"o","index":0}"#,
    #"{"id":3,"op":"keys.place","origin":"o","buildConfig":"US_UAT","deviceId":"d"}"#,
    #"{"id":4,"op":"keys.sign","deviceId":"d","challenge":{"base64":"AAAAAAAAAAAAAAAAAAAAAA=="}}"#,
    #"{"id":null,"op":"vault.info"}"#,
    #"{"id":7,"op":"vault.retire","epoch":4294967295}"#,
    #"{"op":"database.open","origin":"o","database":"d","stores":[{"name":"s","keyPath":"a"}]}"#,
    #"{"op":"database.close","origin":"o","database":"d"}"#,
    #"{"op":"store.put","origin":"o","database":"d","store":"s","value":{"a":{"date":0}}}"#,
    #"{"op":"store.getAll","origin":"o","database":"d","store":"s","range":{"lower":{"array":[]}}}"#,
    #"{"op":"store.cursor","origin":"o","database":"d","store":"s","direction":"prev","advance":1}"#,
    #"{"op":"database.transaction","origin":"o","database":"d","mode":"readwrite","operations":[{"op":"store.put","store":"s","value":{"a":{"object":[["utf16",0]]}}}]}"#,
  ]

  /// Changes a line a little, as decay or an unkind sender would.
  static func mutated(_ line: [UInt8], using random: inout SplitMix64) -> [UInt8] {
    var line = line
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let place = Int.random(in: 0...line.count, using: &random)
      switch Int.random(in: 0..<6, using: &random) {
      case 0: line.insert(UInt8.random(in: 0...255, using: &random), at: place)
      case 1 where place < line.count: line.remove(at: place)
      case 2 where place < line.count: line[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
      case 3:
        line.insert(
          contentsOf: Array(#"{"[],:\u-.eE0"#.utf8).shuffled(using: &random).prefix(2), at: place)
      case 4:
        line =
          Array(line[..<place]) + line.dropFirst(Int.random(in: 0...line.count, using: &random))
      default: line.insert(contentsOf: line[..<place].suffix(12), at: place)
      }
    }
    return line
  }

  @Test(
    "each of thousands of mutated requests gets one well-formed answer (H1)", arguments: [1, 2])
  func mutations(seed: UInt64) throws {
    let shell = try ShellFixture()
    var random = SplitMix64(seed: seed)
    var refused = 0
    for round in 0..<4_000 {
      let seed = Array(Self.seeds[round % Self.seeds.count].utf8)
      let line = Self.mutated(seed, using: &random)
      if try shell.ask(line).error != nil { refused += 1 }
    }
    #expect(refused > 1_000)
    #expect(refused < 4_000)
    #expect(try shell.vault.verify().isSound)
  }

  @Test("every prefix of a request gets one answer (H1)")
  func prefixes() throws {
    let shell = try ShellFixture()
    for seed in Self.seeds {
      for count in 0..<seed.utf8.count {
        #expect(try shell.ask(Array(seed.utf8.prefix(count))).error == "MalformedLine")
      }
    }
  }
}
