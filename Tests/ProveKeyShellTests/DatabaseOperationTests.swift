import Foundation
import ProveKeyPlatform
import ProveKeySealing
import ProveKeyShell
import ProveKeyVault
import Testing

@Suite("Databases through the shell")
struct DatabaseOperationTests {
  private let shell: ShellFixture
  private let database = #""origin":"https://a.example","database":"d""#

  init() throws { shell = try ShellFixture() }

  private func open(_ version: Int, _ stores: String?) throws -> Answer {
    let stores = stores.map { ",\"stores\":\($0)" } ?? ""
    return try shell.ask(#"{"op":"database.open",\#(database),"version":\#(version)\#(stores)}"#)
  }

  /// A request on the store `s`.
  private func ask(_ operation: String, _ fields: String = "") throws -> Answer {
    try shell.ask(#"{"op":"store.\#(operation)",\#(database),"store":"s"\#(fields)}"#)
  }

  private func text(_ answer: Answer) -> String {
    // All after `{"id":null,"ok":true,"result":`, but the last brace.
    answer.error ?? String(answer.text.dropFirst(30).dropLast())
  }

  @Test("a database is created, described, listed, upgraded, closed and deleted")
  func life() throws {
    let list = #"{"op":"database.list","origin":"https://a.example"}"#
    #expect(try shell.result(list) == .array([]))
    let index = #"{"name":"by","keyPath":["a","b.c"],"unique":true,"multiEntry":false}"#
    let stores = #"[{"name":"s","keyPath":null,"autoIncrement":true,"indexes":[\#(index)]}]"#
    let made = try open(2, stores)
    #expect(text(made) == #"{"version":2,"oldVersion":0,"stores":\#(stores)}"#)
    #expect(text(try open(2, nil)) == #"{"version":2,"oldVersion":2,"stores":\#(stores)}"#)
    #expect(text(try shell.ask(list)) == #"[{"name":"d","version":2}]"#)

    #expect(try open(1, nil).error == "VersionError")
    #expect(try open(3, nil).error == "Blocked", "its own handle is open")
    #expect(try shell.refusal(#"{"op":"database.delete",\#(database)}"#) == "Blocked")
    try shell.result(#"{"op":"database.close",\#(database)}"#)
    #expect(try shell.refusal(#"{"op":"database.close",\#(database)}"#) == "NotOpen")
    #expect(try ask("clear").error == "NotOpen")

    let other = #"[{"name":"s","autoIncrement":true},{"name":"t","keyPath":"x"}]"#
    let upgraded = try open(3, other)
    #expect(upgraded.result["oldVersion"] == .number(2))
    #expect(upgraded.result["stores"].list?.count == 2)
    #expect(upgraded.result["stores"].list?[0]["indexes"] == .array([]))
    #expect(upgraded.result["stores"].list?[1]["keyPath"] == .string("x"))
    try shell.result(#"{"op":"database.close",\#(database)}"#)
    #expect(try open(4, nil).result["stores"] == upgraded.result["stores"], "left as they are")
    try shell.result(#"{"op":"database.close",\#(database)}"#)
    #expect(try open(5, "[]").result["stores"] == .array([]))
    try shell.result(#"{"op":"database.close",\#(database)}"#)
    #expect(try shell.result(#"{"op":"database.delete",\#(database)}"#) == .boolean(true))
    #expect(try shell.result(#"{"op":"database.delete",\#(database)}"#) == .boolean(false))
    #expect(try shell.result(list) == .array([]))
  }

  @Test("an upgrade that is refused leaves the old version with its rows (H3)")
  func refusedUpgrade() throws {
    try open(1, #"[{"name":"s"}]"#).expectSuccess()
    try ask("put", #","key":{"number":1},"value":"kept""#).expectSuccess()
    try shell.result(#"{"op":"database.close",\#(database)}"#)
    for (stores, error) in [
      (#"[{"name":"t"},{"name":"s","keyPath":"x"}]"#, "InvalidField"),
      (#"[{"name":"s","autoIncrement":true}]"#, "InvalidField"),
      (#"[{"name":"s","keyPath":"1x"}]"#, "InvalidField"),
      (#"[{"name":"t","keyPath":"1x"}]"#, "SyntaxError"),
      (#"[{"name":"t","keyPath":"","autoIncrement":true}]"#, "InvalidAccessError"),
      (#"[{"name":"t"},{"name":"t"}]"#, "InvalidField"),
      (#"[{"name":"t","indexes":[{"name":"i"}]}]"#, "MissingField"),
      (#"[{"name":"t","index":[]}]"#, "UnknownField"),
      (#"[{"keyPath":"x"}]"#, "MissingField"),
      (#"["t"]"#, "InvalidField"), (#"{"name":"t"}"#, "InvalidField"),
    ] {
      #expect(try open(2, stores).error == error, "\(stores)")
    }
    #expect(try open(1, nil).error == nil)
    #expect(text(try ask("getAll")) == #"["kept"]"#)
    #expect(try shell.refusal(#"{"op":"database.open",\#(database),"version":0}"#) == "TypeError")
  }

  @Test("an index that is described otherwise is made anew over the rows that are there")
  func changedIndex() throws {
    try open(1, #"[{"name":"s","indexes":[{"name":"i","keyPath":"a"}]}]"#).expectSuccess()
    try ask("put", #","key":{"number":1},"value":{"a":1,"b":[7,8]}"#).expectSuccess()
    try shell.result(#"{"op":"database.close",\#(database)}"#)
    try open(2, #"[{"name":"s","indexes":[{"name":"i","keyPath":"b","multiEntry":true}]}]"#)
      .expectSuccess()
    #expect(text(try ask("count", #","index":"i","key":{"number":8}"#)) == "1")
    #expect(text(try ask("count", #","index":"i","key":{"number":1}"#)) == "0")
  }

  @Test("rows are added, put, got, counted, listed, walked, deleted and cleared")
  func rows() throws {
    try open(1, #"[{"name":"s","indexes":[{"name":"i","keyPath":"g"}]}]"#).expectSuccess()
    for (key, group) in [(1, "\"x\""), (2, "\"y\""), (3, "\"x\""), (4, "null"), (5, "\"y\"")] {
      let put = try ask("add", #","key":{"number":\#(key)},"value":{"g":\#(group),"n":\#(key)}"#)
      #expect(text(put) == #"{"number":\#(key)}"#)
    }
    #expect(try ask("add", #","key":{"number":1},"value":0"#).error == "ConstraintError")
    #expect(text(try ask("get", #","key":{"number":1}"#)) == #"{"value":{"g":"x","n":1}}"#)
    #expect(text(try ask("get", #","key":{"number":9}"#)) == "null")
    let from2 = #","range":{"lower":{"number":2},"lowerOpen":true}"#
    #expect(text(try ask("get", from2)) == #"{"value":{"g":"x","n":3}}"#)
    #expect(text(try ask("getKey", from2)) == #"{"number":3}"#)
    #expect(text(try ask("count", from2)) == "3")
    #expect(text(try ask("count")) == "5")
    #expect(text(try ask("getAllKeys", from2 + #","limit":2"#)) == #"[{"number":3},{"number":4}]"#)
    #expect(
      text(try ask("getAllKeys", #","range":{"upper":{"number":3},"upperOpen":true},"limit":0"#))
        == #"[{"number":1},{"number":2}]"#)
    let byX = #","index":"i","key":{"string":"x"}"#
    #expect(text(try ask("getAll", byX)) == #"[{"g":"x","n":1},{"g":"x","n":3}]"#)
    #expect(text(try ask("getKey", #","index":"i","key":{"string":"y"}"#)) == #"{"number":2}"#)

    let row = #"{"key":{"string":"y"},"primaryKey":{"number":5},"value":{"g":"y","n":5}}"#
    #expect(text(try ask("cursor", #","index":"i","direction":"prev","limit":1"#)) == "[\(row)]")
    func keys(_ fields: String) throws -> [Double]? {
      try ask("cursor", fields).result.list?.compactMap { $0["primaryKey"]["number"].number }
    }
    #expect(try keys("") == [1, 2, 3, 4, 5])
    #expect(try keys(#","direction":"prev""#) == [5, 4, 3, 2, 1])
    #expect(try keys(#","index":"i","direction":"nextunique""#) == [1, 2])
    #expect(try keys(#","index":"i","direction":"prevunique""#) == [2, 1])
    #expect(try keys(#","advance":2"#) == [3, 4, 5])
    #expect(try keys(#","advance":9"#) == [])
    #expect(try keys(#","continueTo":{"number":3.5}"#) == [4, 5])
    #expect(try keys(#","continueTo":{"number":2},"advance":1"#) == [3, 4, 5])
    #expect(try keys(#","direction":"prev","continueTo":{"number":2}"#) == [2, 1])
    #expect(
      try keys(
        #","index":"i","continueTo":{"string":"x"},"continuePrimaryKey":{"number":2}"#)
        == [3, 2, 5])
    #expect(try ask("cursor", #","continueTo":{"number":1}"#).error == "DataError")
    #expect(try ask("cursor", #","advance":0"#).error == "TypeError")
    #expect(try ask("cursor", #","continuePrimaryKey":{"number":1}"#).error == "MissingField")
    #expect(try ask("cursor", #","direction":"up""#).error == "InvalidField")

    try ask("put", #","key":{"number":1},"value":null"#).expectSuccess()
    #expect(text(try ask("get", #","key":{"number":1}"#)) == #"{"value":null}"#)
    #expect(text(try ask("delete", from2)) == "null")
    #expect(text(try ask("count")) == "2")
    #expect(text(try ask("clear")) == "null")
    #expect(text(try ask("getAll")) == "[]")
  }

  @Test("a request that does not go with the store has IndexedDB's error, or names its field")
  func refusals() throws {
    try open(1, #"[{"name":"s"},{"name":"inline","keyPath":"id","autoIncrement":true}]"#)
      .expectSuccess()
    let cases: [(String, String, String)] = [
      ("put", #","value":1"#, "DataError"),
      ("put", #","key":{"number":"NaN"},"value":1"#, "DataError"),
      ("put", #","key":{"number":1}"#, "MissingField"),
      ("put", #","key":{"number":1},"value":1e999"#, "InvalidField"),
      ("put", #","key":{"number":1},"value":1,"range":{}"#, "UnknownField"),
      ("put", #","key":1,"value":1"#, "InvalidField"),
      ("get", "", "MissingField"), ("delete", "", "MissingField"),
      ("get", #","key":{"number":1},"range":{}"#, "InvalidField"),
      ("get", #","range":{"lower":{"number":2},"upper":{"number":1}}"#, "DataError"),
      ("get", #","range":{"lowerOpen":true}"#, "InvalidField"),
      ("get", #","range":{"lower":{"number":2},"open":true}"#, "UnknownField"),
      ("get", #","range":[]"#, "InvalidField"),
      ("getAll", #","limit":-1"#, "InvalidField"), ("getAll", #","limit":1.5"#, "InvalidField"),
      ("getAll", #","index":"none""#, "NotFoundError"),
    ]
    for (operation, fields, error) in cases {
      #expect(try ask(operation, fields).error == error, "\(operation) \(fields)")
    }
    #expect(
      try shell.refusal(#"{"op":"store.clear",\#(database),"store":"none"}"#) == "NotFoundError")
    #expect(
      text(try shell.ask(#"{"op":"store.put",\#(database),"store":"inline","value":{}}"#))
        == #"{"number":1}"#)
    #expect(
      try shell.refusal(
        #"{"op":"store.put",\#(database),"store":"inline","value":{},"key":{"number":1}}"#)
        == "DataError")
    #expect(text(try ask("count")) == "0")
  }

  @Test("a transaction gives one result for each operation, or changes nothing and says where (H3)")
  func transactions() throws {
    try open(1, #"[{"name":"s","autoIncrement":true},{"name":"t"}]"#).expectSuccess()
    func transact(_ operations: String, _ mode: String = #","mode":"readwrite""#) throws -> Answer {
      try shell.ask(
        #"{"op":"database.transaction",\#(database)\#(mode),"operations":[\#(operations)]}"#)
    }
    let put = #"{"op":"store.put","store":"s","value":"one"}"#
    let other = #"{"op":"store.put","store":"t","key":{"string":"k"},"value":2}"#
    let read = #"{"op":"store.getAll","store":"s"}"#
    #expect(
      text(try transact("\(put),\(other),\(read)")) == #"[{"number":1},{"string":"k"},["one"]]"#)

    let taken = #"{"op":"store.add","store":"t","key":{"string":"k"},"value":3}"#
    let aborted = try transact("\(put),\(taken),\(read)")
    #expect(aborted.error == "ConstraintError")
    #expect(aborted.operation == 1)
    #expect(text(try ask("getAll")) == #"["one"]"#)

    #expect(try transact(put, "").error == "ReadOnlyError")
    #expect(try transact(put, #","mode":"readonly""#).operation == 0)
    #expect(text(try transact(read, "")) == #"[["one"]]"#)
    #expect(try transact(put, #","mode":"versionchange""#).error == "InvalidField")
    #expect(try transact("").error == "InvalidField")
    #expect(try transact("1").error == "InvalidField")
    #expect(try transact(#"{"op":"store.clear","store":"none"}"#).error == "NotFoundError")
    for (operation, error) in [
      (#"{"store":"s"}"#, "MissingField"), (#"{"op":"store.clear"}"#, "MissingField"),
      (#"{"op":"vault.rotate"}"#, "UnknownOperation"), (#"{"op":1,"store":"s"}"#, "InvalidField"),
      (#"{"op":"store.clear","store":"s","id":1}"#, "UnknownField"),
      (#"{"op":"store.clear","store":"s","origin":"o"}"#, "UnknownField"),
    ] {
      let answer = try transact("\(read),\(operation)")
      #expect(answer.error == error, "\(operation)")
      #expect(answer.operation == 1)
    }
    let many = Array(repeating: put, count: 10_001).joined(separator: ",")
    #expect(try transact(many).error == "TooMany")
    #expect(text(try ask("count")) == "1")
  }

  @Test("origins and names in two spellings are two databases")
  func spellings() throws {
    for (number, (origin, name)) in [("é", "é"), ("é", "e\u{301}"), ("e\u{301}", "é")].enumerated()
    {
      let database = #""origin":"\#(origin)","database":"\#(name)""#
      try shell.result(#"{"op":"database.open",\#(database),"stores":[{"name":"s"}]}"#)
      try shell.result(
        #"{"op":"store.add",\#(database),"store":"s","key":{"number":0},"value":\#(number)}"#)
    }
    let first = #"{"op":"store.getAll","origin":"é","database":"é","store":"s"}"#
    #expect(try shell.result(first) == .array([.number(0)]))
  }

  @Test("open databases are counted, and closing one makes room")
  func openDatabases() throws {
    func open(_ number: Int) throws -> String? {
      try shell.refusal(#"{"op":"database.open","origin":"o","database":"\#(number)"}"#)
    }
    for number in 0..<64 { #expect(try open(number) == nil) }
    #expect(try open(64) == "TooMany")
    #expect(try open(0) == nil, "it is open already")
    try shell.result(#"{"op":"database.close","origin":"o","database":"5"}"#)
    #expect(try open(64) == nil)
  }

  @Test("a result that would be too long is refused, and a limit makes it fit")
  func longResult() throws {
    try open(1, #"[{"name":"s","autoIncrement":true}]"#).expectSuccess()
    for number in 0..<40 { try self.ask("put", ",\"value\":{\"n\":\(number)}").expectSuccess() }
    let session = ShellSession(vault: shell.vault, resultByteCount: 200)
    func ask(_ request: String) throws -> Answer {
      try Answer(session.answer(to: Array("{\(request)}".utf8)))
    }
    try shell.result(#"{"op":"database.close",\#(database)}"#)
    try ask(#""op":"database.open",\#(database)"#).expectSuccess()
    let names = #"\#(database),"store":"s""#
    #expect(try ask(#""op":"store.getAll",\#(names)"#).error == "ResultTooLarge")
    #expect(try ask(#""op":"store.cursor",\#(names),"direction":"prev""#).error == "ResultTooLarge")
    #expect(try ask(#""op":"store.getAll",\#(names),"limit":5"#).result.list?.count == 5)
    #expect(try ask(#""op":"store.count",\#(names)"#).result == .number(40))
    let step = #"{"op":"store.getAll","store":"s","limit":15}"#
    let both = #""op":"database.transaction",\#(database),"operations":[\#(step),\#(step)]"#
    #expect(try ask(both).error == "ResultTooLarge")
    #expect(try ask(both).operation == 1)

    func transact(_ step: String, _ count: Int) throws -> Answer {
      let steps = Array(repeating: step, count: count).joined(separator: ",")
      return try ask(
        #""op":"database.transaction",\#(database),"mode":"readwrite","operations":[\#(steps)]"#)
    }
    let first = #"{"op":"store.getKey","store":"s","range":{}}"#
    #expect(try transact(first, 5).result.list?.count == 5)
    #expect(try transact(first, 20).error == "ResultTooLarge")
    for operation in ["put", "add"] {
      let write = #"{"op":"store.\#(operation)","store":"s","value":0}"#
      #expect(try transact(write, 20).error == "ResultTooLarge")
      #expect(try transact(write, 20).operation == 15)
    }
    #expect(try ask(#""op":"store.count",\#(names)"#).result == .number(40), "nothing was written")
  }

  @Test("the fields of a walk are checked where there is no row as well")
  func emptyWalk() throws {
    try open(1, #"[{"name":"s","indexes":[{"name":"i","keyPath":"g"}]}]"#).expectSuccess()
    for round in 0..<2 {
      for (fields, error) in [
        (#","advance":0"#, "TypeError"), (#","advance":-1"#, "InvalidField"),
        (#","continueTo":1"#, "InvalidField"), (#","continueTo":{"number":"NaN"}"#, "DataError"),
        (#","continuePrimaryKey":{"number":1}"#, "MissingField"),
        (#","limit":"a""#, "InvalidField"),
        (
          #","continueTo":{"number":2},"continuePrimaryKey":{"number":1}"#, "InvalidAccessError"
        ),
        (
          #","index":"i","direction":"nextunique","continueTo":{"number":2},"#
            + #""continuePrimaryKey":{"number":1}"#, "InvalidAccessError"
        ),
        (#","index":"i","continueTo":{"number":2},"continuePrimaryKey":1"#, "InvalidField"),
      ] {
        #expect(try ask("cursor", fields).error == error, "round \(round): \(fields)")
      }
      #expect(try text(ask("cursor", #","range":{"lower":{"number":5}},"advance":3"#)) == "[]")
      try ask("put", #","key":{"number":1},"value":{"g":1}"#).expectSuccess()
    }
  }

  @Test("numbers are taken as the nearest double; one that is none, or only 0 is near, is refused")
  func numbers() throws {
    try open(1, #"[{"name":"s"}]"#).expectSuccess()
    let key = #","key":{"number":1}"#
    for (given, stored) in [
      ("9007199254740993", "9007199254740992.0"), ("0.1000000000000000055", "0.1"),
      ("0e-999", "0"), ("-0.0", "-0"), ("5e-324", "5e-324"), ("3e-324", "5e-324"),
      ("-0.000e+5", "-0"), ("1.7976931348623157e308", "1.7976931348623157e+308"),
    ] {
      try ask("put", key + ",\"value\":\(given)").expectSuccess()
      #expect(text(try ask("get", key)) == #"{"value":\#(stored)}"#)
    }
    for given in ["1e-400", "-1e-400", "0.0001e-330", "1e400", "-1e400"] {
      #expect(try ask("put", key + ",\"value\":\(given)").error == "InvalidField", "\(given)")
      let request = ",\"key\":{\"number\":\(given)},\"value\":0"
      #expect(try ask("put", request).error == "InvalidField", "\(given)")
    }
  }

  /// Calls something once when the vault has written.
  private final class MeddlingAnchor: RollbackAnchor {
    let meddle = Locked<(@Sendable () -> Void)?>(nil)

    func last() throws(AnchorError) -> AnchorMark? { nil }

    func advance(to mark: AnchorMark) throws(AnchorError) {
      let once = meddle.withLock { meddle in
        defer { meddle = nil }
        return meddle
      }
      once?()
    }

    func forget() throws(AnchorError) {}
  }

  @Test("a database that was upgraded is open, whatever others do to it meanwhile (H3)")
  func openedMeanwhile() throws {
    let (anchor, key) = (MeddlingAnchor(), try RawKey.random())
    let path = shell.path("shared.vault")
    let vault = try KeyVault.open(at: path, unlock: .rawKey(key), mode: .shared, anchor: anchor)
    let other = try KeyVault.open(at: path, unlock: .rawKey(key), mode: .shared)
    let session = ShellSession(vault: vault)
    anchor.meddle.withLock { meddle in
      meddle = {
        do {
          _ = try other.database("d", for: "https://a.example", version: 3)
        } catch {
          Issue.record(error)
        }
      }
    }
    let request = #"{"op":"database.open",\#(database),"version":2,"stores":[{"name":"s"}]}"#
    let answer = try Answer(session.answer(to: Array(request.utf8)))
    #expect(answer.error == nil)
    #expect(answer.result["version"] == .number(2))
    #expect(answer.result["stores"].list?[0]["name"] == .string("s"))
    #expect(try other.databases(for: "https://a.example").map(\.version) == [3])
  }
}
