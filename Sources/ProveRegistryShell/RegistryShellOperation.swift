package import JSONLines
import ProveDeviceRegistry

/// What a request may ask for, one row a name; the manual's table is checked against these.
package struct RegistryShellOperation: LineOperation {
  /// What `op` says.
  package let name: String
  /// What a request of it may carry, beside `id` and `op`; `now` is one of each.
  package let fields: [LineField]
  /// What its answer holds, in a few words.
  package let result: String
  let run: @Sendable (RegistryShellSession, LineFields) async throws -> JSONText

  init(
    _ name: String, _ fields: [LineField], _ result: String,
    run: @escaping @Sendable (RegistryShellSession, LineFields) async throws -> JSONText
  ) {
    self.name = name
    self.fields = fields + [.optional("now")]
    self.result = result
    self.run = run
  }

  /// Every operation, in the order of the manual.
  package static let all = flow + changes + lookups + upkeep + trials

  /// The operations by name.
  static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
}

extension LineRefusal {
  /// There are too many devices for trials.
  static let tooManyDevices = LineRefusal(
    name: "TooMany", message: "at most \(RegistryShellLimits.devices) devices are held at once")
  /// The device was not made in this shell.
  static let unknownTrialDevice = LineRefusal(
    name: "NoSuchDevice", message: "no 'device.new' of this shell made the device")
}
