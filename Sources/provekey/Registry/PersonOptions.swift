import ArgumentParser
import ProveDeviceRegistry
import ProveKeyModel

/// By what people are looked up; the value itself comes on standard input, since it is personal and
/// arguments show in the process list.
enum PersonKey: String, ExpressibleByArgument, CaseIterable {
  case phone
  case proveId = "prove-id"
  case customer, human

  /// Reads the value and says whom it names.
  func subject() throws -> PersonalSubject {
    let value = try StandardInput.value()
    switch self {
    case .phone: return .phoneNumber(try PhoneNumber(value))
    case .proveId: return .proveID(try ProveID(validating: value))
    case .customer: return .clientCustomerID(try ClientCustomerID(validating: value))
    case .human: return .clientHumanID(try ClientHumanID(validating: value))
    }
  }
}

/// One device, or a person with all devices.
struct SubjectOptions: ParsableArguments {
  @Option(help: "One registration, by its deviceId.") var device: String?
  @Option(
    help: "A person, by the value that comes on standard input: phone, prove-id, customer, human.")
  var by: PersonKey?

  func validate() throws {
    guard (device == nil) != (by == nil) else {
      throw ValidationError("Give one of --device and --by.")
    }
  }

  func subject() throws -> PersonalSubject {
    if let by { return try by.subject() }
    return .deviceID(try DeviceID(validating: device ?? ""))
  }
}

/// What people type or pipe in.
enum StandardInput {
  /// The first line.
  static func value() throws -> String {
    guard let value = readLine(strippingNewline: true) else {
      throw Refusal(text: "the value to look up is expected on standard input")
    }
    return value
  }
}
