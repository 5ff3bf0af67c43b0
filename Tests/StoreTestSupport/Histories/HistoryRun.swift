import ProveDeviceRegistry
package import ProveKeyModel
import ProveKeyTesting

/// Where a registry did otherwise than the model.
package struct HistoryDifference: Sendable, CustomStringConvertible {
  /// The steps that lead there, as few as were found.
  package let history: History
  /// What was seen at the end of them.
  package let finding: String

  /// All that is needed to see it again.
  package var description: String {
    let steps = history.steps.map { "  \($0)" }.joined(separator: "\n")
    return "seed \(history.seed): \(finding), after\n\(steps)"
  }
}

extension History {
  /// Runs the history on a registry over each kind of store and on the model, step by step.
  /// - Returns: the first difference, with no steps after it; nothing when there is none.
  package func difference(on factories: [StoreFactory]) async throws -> HistoryDifference? {
    let cast = try HistoryCast(seed: seed)
    var model = HistoryModel(cast)
    var engines: [HistoryEngine] = []
    for factory in factories { engines.append(try await HistoryEngine(factory, cast)) }
    var finding: (text: String, count: Int)?
    do {
      for (number, step) in steps.enumerated() where finding == nil {
        let text = try await Self.take(step, cast, &model, engines)
        if let text { finding = (text, number + 1) }
      }
      for engine in engines where finding == nil {
        if let text = try await engine.wholeDifference(from: model) {
          finding = ("\(engine.name): \(text)", steps.count)
        }
      }
    } catch { finding = finding ?? ("an error: \(error)", steps.count) }
    for engine in engines { try await engine.close() }
    guard let finding else { return nil }
    var history = self
    history.steps = Array(steps.prefix(finding.count))
    return HistoryDifference(history: history, finding: finding.text)
  }

  /// What the history comes by, as the model tells it.
  package struct Reach: Sendable {
    /// Rows of the decision table.
    package var rows: Set<DecisionRow> = []
    /// Names of the errors.
    package var refusals: Set<String> = []
    /// Decisions that were completed.
    package var completed = 0

    /// Has come by nothing yet.
    package init() {}
  }

  /// Runs the history on the model alone.
  package func reach() throws -> Reach {
    let cast = try HistoryCast(seed: seed)
    var model = HistoryModel(cast)
    var reach = Reach()
    for step in steps {
      Self.moveClock(step, cast)
      switch try model.take(HistoryMove(step: step, signing: try Self.signing(step, cast, model))) {
      case .decision(let row, _): reach.rows.insert(row)
      case .refused(let error): reach.refusals.insert("\(error)")
      case .registration: if case .complete = step { reach.completed += 1 }
      default: break
      }
    }
    return reach
  }

  private static func moveClock(_ step: HistoryStep, _ cast: HistoryCast) {
    switch step {
    case .moveClock(let seconds): cast.clock.advance(seconds: seconds)
    case .moveClockByMonths(let months): cast.clock.advance(months: months)
    default: break
    }
  }

  /// Takes one step everywhere.
  private static func take(
    _ step: HistoryStep, _ cast: HistoryCast, _ model: inout HistoryModel,
    _ engines: [HistoryEngine]
  ) async throws -> String? {
    moveClock(step, cast)
    let move = HistoryMove(step: step, signing: try signing(step, cast, model))
    let expected = try model.take(move)
    for engine in engines {
      let answer = try await engine.take(move)
      if answer != expected {
        return "\(engine.name) answers \(answer) and not \(expected)"
      }
      if let text = try await engine.difference(from: model) { return "\(engine.name): \(text)" }
    }
    return nil
  }

  /// The key that signs in a step.
  private static func signing(
    _ step: HistoryStep, _ cast: HistoryCast, _ model: HistoryModel
  ) throws -> HistoryCast.Signing? {
    switch step {
    case .place(let device, _): return try cast.offering(device, isNew: false)
    case .decide(let request):
      guard let presenting = request.presenting else { return nil }
      let key = model.keys[cast.ids[presenting.device]]
      return try cast.signing(presenting.device, presenting.way, registered: key?.publicKey)
    case .complete(let decision, _, let offering):
      guard let offering, !model.tickets.isEmpty else { return nil }
      // A registration that is restored or re-keyed gets a new key, mostly of its own device.
      let ticket = model.tickets[decision % model.tickets.count]
      guard let id = ticket?.keyedAnew, let own = cast.ids.firstIndex(of: id) else {
        return try cast.offering(offering, isNew: false)
      }
      return try cast.offering(offering == 0 ? (own + 1) % cast.ids.count : own, isNew: true)
    default: return nil
    }
  }

  /// The shortest history found that differs as this one does, by leaving out steps.
  /// - Parameter tries: how many histories are run at most.
  package func shrunk(
    on factories: [StoreFactory], tries: Int = 300
  ) async throws -> HistoryDifference? {
    guard var smallest = try await difference(on: factories) else { return nil }
    var left = tries
    var size = max(smallest.history.steps.count / 2, 1)
    while true {
      var start = 0
      var isShorter = false
      while start < smallest.history.steps.count, left > 0 {
        var shorter = smallest.history
        let end = min(start + size, shorter.steps.count)
        shorter.steps.removeSubrange(start..<end)
        left -= 1
        if let difference = try await shorter.difference(on: factories) {
          smallest = difference
          isShorter = true
        } else {
          start += size
        }
      }
      if left == 0 || (size == 1 && !isShorter) { return smallest }
      size = max(size / 2, 1)
    }
  }
}

extension ModelTicket {
  /// The registration that gets another key when the ticket is completed.
  var keyedAnew: DeviceID? {
    switch task {
    case .recover(let id): return id
    case .fulfil(let plan):
      if case .rekey(let id) = plan.action { return id }
      return nil
    case .authenticate: return nil
    }
  }
}
