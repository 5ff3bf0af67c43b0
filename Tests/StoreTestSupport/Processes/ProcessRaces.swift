/// Q11 between two processes on one store: of what excludes each other exactly one takes effect, and
/// the other is told why not.
package final class ProcessRaces {
  private let first: ShellProcess
  private let second: ShellProcess
  private var turn = 0
  /// What was found wrong.
  package private(set) var problems: [String] = []
  /// How often the first and the second process were the ones to win.
  package private(set) var wins = [0, 0]

  /// Starts two processes.
  /// - Parameter arguments: how `provekey registry shell` finds and opens the store.
  package init(_ arguments: [String]) throws {
    first = try ShellProcess(arguments)
    second = try ShellProcess(arguments)
  }

  /// Runs every race so many times, and ends the processes.
  package func run(rounds: Int) throws {
    for _ in 0..<rounds {
      try placing()
      try ticketTwice()
      try assertionTwice()
      try demandTwice()
      try rebinds()
      for rival in ["authenticate", "rebind"] { try revocation(against: rival) }
    }
    for shell in [first, second] {
      let found = try shell.expect("verify")["problems"] as? [Any]
      if found?.isEmpty != true { problems.append("verify finds problems") }
      if try shell.end() != 0 { problems.append("a shell failed") }
    }
  }

  // MARK: Races

  private func placing() throws {
    let id = nextID()
    for shell in [first, second] { try shell.expect("device.new", ["deviceId": id]) }
    let place = ("place", ["device": id] as [String: Any])
    exactlyOne(try race(place, place), else: ["DeviceIDTaken"], "two who place one deviceId")
  }

  private func ticketTwice() throws {
    let id = try bound()
    let ticket = try decide(id, rebindTo: "+12001004016")
    let complete = completing(ticket, "+12001004016")
    exactlyOne(try race(complete, complete), else: ["TicketSpent"], "one ticket twice")
  }

  /// The assertion is one; each has decided upon it and has a ticket of its own.
  private func assertionTwice() throws {
    let id = try bound()
    let (presented, challenge) = try signed(id)
    let request: [String: Any] = [
      "request": ["channel": "mobile"], "presented": presented, "challenge": challenge,
    ]
    let tickets = try [first, second].map { try text($0.expect("decide", request), "ticket") }
    let answers = try race(
      ("complete", ["ticket": tickets[0]]), ("complete", ["ticket": tickets[1]]))
    exactlyOne(answers, else: ["ChallengeSpent"], "one assertion twice")
  }

  /// A demand for possession spends its challenge at once.
  private func demandTwice() throws {
    let id = try bound()
    let (presented, challenge) = try signed(id)
    let decide: (String, [String: Any]) = (
      "decide",
      [
        "request": ["channel": "mobile", "phoneNumber": "+12001004016", "rebind": true],
        "presented": presented, "challenge": challenge,
      ]
    )
    exactlyOne(try race(decide, decide), else: ["ChallengeSpent"], "one demand twice")
  }

  private func rebinds() throws {
    let id = try bound()
    let numbers = ["+12001004016", "+12001004017"]
    let plans = try numbers.map { completing(try decide(id, rebindTo: $0), $0) }
    let answers = try race(plans[0], plans[1])
    exactlyOne(answers, else: ["PlanStale"], "two rebinds planned on one state")
    let winner = answers[0].refusal == nil ? 0 : 1
    let found = try second.expect("resolve", ["deviceIds": [id]]).result as? [[String: Any]]
    if number(found?.first) != numbers[winner] {
      problems.append("another number than the winner's")
    }
  }

  private func revocation(against rival: String) throws {
    let id = try bound()
    let complete: (String, [String: Any]) =
      rival == "rebind"
      ? completing(try decide(id, rebindTo: "+12001004016"), "+12001004016")
      : ("complete", ["ticket": try decide(id)])
    let answers = try race(("revoke", ["deviceId": id]), complete)
    if let refusal = answers[0].refusal { problems.append("a revocation lost: \(refusal)") }
    if let refusal = answers[1].refusal, !["DeviceRevoked", "PlanStale"].contains(refusal) {
      problems.append("\(rival) against a revocation: \(refusal)")
    }
    for shell in [first, second] {
      let found = try shell.expect("resolve", ["deviceIds": [id]]).result as? [[String: Any]]
      if state(found?.first) != "revoked" { problems.append("not revoked after \(rival)") }
    }
  }

  // MARK: Moves

  /// Lets each process do one thing at the same time, whose answers come in this order.
  private func race(
    _ left: (op: String, fields: [String: Any]), _ right: (op: String, fields: [String: Any])
  ) throws -> [ShellProcess.Answer] {
    // Each is the one to be told first in every other race.
    turn += 1
    if turn.isMultiple(of: 2) {
      try first.send(left.op, left.fields)
      try second.send(right.op, right.fields)
    } else {
      try second.send(right.op, right.fields)
      try first.send(left.op, left.fields)
    }
    return [try first.answer(), try second.answer()]
  }

  private func exactlyOne(
    _ answers: [ShellProcess.Answer], else names: Set<String>, _ race: String
  ) {
    let refusals = answers.compactMap(\.refusal)
    for place in 0..<2 where answers[place].refusal == nil { wins[place] += 1 }
    guard refusals.count == 1, names.isSuperset(of: refusals) else {
      problems.append("\(race): \(2 - refusals.count) succeeded, \(refusals)")
      return
    }
  }

  private func nextID() -> String {
    turn += 1
    return "device-\(turn)"
  }

  /// A new key of a device that the first process holds, bound.
  private func bound() throws -> String {
    let id = nextID()
    try first.expect("device.new", ["deviceId": id])
    try first.expect("place", ["device": id])
    try first.expect("bind", ["deviceId": id, "phoneNumber": "+12001004014"])
    return id
  }

  private func signed(_ id: String) throws -> (presented: Any, challenge: Any) {
    let challenge = try first.expect("challenge")
    guard let bytes = challenge.result else { throw ShellProcess.Failure(description: "challenge") }
    let signed = try first.expect("device.sign", ["deviceId": id, "challenge": bytes])
    guard let presented = signed["presented"] else {
      throw ShellProcess.Failure(description: "device.sign")
    }
    return (presented, bytes)
  }

  private func decide(_ id: String, rebindTo number: String? = nil) throws -> String {
    var request: [String: Any] = ["channel": "mobile"]
    if let number { request.merge(["phoneNumber": number, "rebind": true]) { $1 } }
    return try text(first.expect("decide", ["request": request, "device": id]), "ticket")
  }

  private func completing(_ ticket: String, _ number: String) -> (String, [String: Any]) {
    ("complete", ["ticket": ticket, "possession": ["phoneNumber": number]])
  }

  private func text(_ answer: ShellProcess.Answer, _ name: String) throws -> String {
    guard let text = answer[name] as? String else { throw ShellProcess.Failure(description: name) }
    return text
  }

  private func state(_ registration: [String: Any]?) -> String? {
    registration?["state"] as? String ?? (registration?["state"] as? [String: Any])?["name"]
      as? String
  }

  private func number(_ registration: [String: Any]?) -> String? {
    (registration?["binding"] as? [String: Any])?["phoneNumber"] as? String
  }
}
