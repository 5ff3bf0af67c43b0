import ProveKeyModel
import ProveUnify

/// What a run has to come out as.
struct DemoExpectation {
  var success: UnifySuccess?
  var possession = PossessionMethod.none
  var hasProveID = false
  var device = Device.none
  var row: DecisionRow?
  var code: Int?

  /// What the answer says of the key.
  enum Device {
    /// No deviceId.
    case none
    /// One not seen before on this device.
    case new
    /// This one.
    case same(DeviceID?)
  }
}

/// One line of the demonstration: what came out, and whether it is what the table says.
struct DemoRow {
  let user: SandboxUser
  let channel: Channel
  let run: String
  let status: UnifyStatusResponse?
  let evaluation: UnifyStatusResponse.Evaluation?
  let code: Int?
  let note: String
  let problems: [String]

  init(
    user: SandboxUser, channel: Channel, run: String, status: UnifyStatusResponse?,
    error: UnifyError?, evaluation: UnifyStatusResponse.Evaluation?, expected: DemoExpectation,
    seen: Set<DeviceID>, note: String
  ) {
    self.user = user
    self.channel = channel
    self.run = run
    self.status = status
    self.code = error?.code
    self.evaluation = status?.evaluation ?? evaluation
    self.note = note
    problems = Self.problems(status, self.evaluation, error?.code, user, expected, seen)
  }

  private static func problems(
    _ status: UnifyStatusResponse?, _ evaluation: UnifyStatusResponse.Evaluation?, _ code: Int?,
    _ user: SandboxUser,
    _ expected: DemoExpectation, _ seen: Set<DeviceID>
  ) -> [String] {
    var problems: [String] = []
    func check(_ isRight: Bool, _ what: String) { if !isRight { problems.append(what) } }
    check(status?.success == expected.success, "success")
    check(code == expected.code, "code")
    check(evaluation?.possession == expected.possession, "possession")
    if let row = expected.row { check(evaluation?.row == row, "decision") }
    guard let status else { return problems }
    check((status.proveID != nil) == expected.hasProveID, "proveId")
    switch expected.device {
    case .none: check(status.deviceID == nil, "deviceId")
    case .new: check(status.deviceID.map { !seen.contains($0) } ?? false, "deviceId")
    case .same(let id): check(id != nil && status.deviceID == id, "deviceId")
    }
    if status.success == .true || status.success == .false {
      check(status.phoneNumber == user.phoneNumber.e164, "phoneNumber")
    }
    return problems
  }

  var facts: Output.Facts {
    [
      ("user", .text(user.name)), ("phone", .text(user.phoneNumberText)),
      ("channel", .text(channel.rawValue)), ("run", .text(run)),
      ("success", status.map { .text($0.success.rawValue) }),
      ("possession", evaluation.map { .text($0.possession.rawValue) }),
      ("proveId", status?.proveID.map { .text($0.rawValue) }),
      ("deviceId", status?.deviceID.map { .text($0.rawValue) }),
      ("phoneNumber", status?.phoneNumber.map { .text($0) }),
      ("decision", evaluation?.row.map { .text($0.description) }),
      ("code", code.map { .number($0) }), ("note", .text(note)),
    ]
  }

  static let header = [
    "", "user", "phone", "channel", "run", "success", "possession", "proveId", "deviceId",
    "decision", "note",
  ]

  var cells: [String] {
    [
      problems.isEmpty ? "ok" : "WRONG", user.name, user.phoneNumberText, channel.rawValue, run,
      status?.success.rawValue ?? code.map { "error \($0)" } ?? "-",
      evaluation?.possession.rawValue ?? "-",
      status?.proveID == nil ? "-" : "yes",
      status?.deviceID.map { String($0.rawValue.prefix(8)) } ?? "-",
      evaluation?.row?.description ?? "-",
      problems.isEmpty ? note : "\(note) (wrong: \(problems.joined(separator: ", ")))",
    ]
  }
}
