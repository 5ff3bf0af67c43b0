/// Why a line was refused, as its answer says it.
///
/// It names fields and counts; of what a line carried it repeats nothing but the name of an
/// operation or field that is not known, when that is short and plain.
package struct LineRefusal: Error, Equatable, Sendable {
  /// What is refused in a line before anything else is asked.
  package enum Fault: String, Sendable, CaseIterable {
    /// The line is not one JSON object: see the message.
    case malformedLine = "MalformedLine"
    /// The line is longer than a line may be: divide the request.
    case lineTooLong = "LineTooLong"
    /// There is no such operation: correct `op`.
    case unknownOperation = "UnknownOperation"
    /// The operation has no such field: correct its name.
    case unknownField = "UnknownField"
    /// The operation needs the field.
    case missingField = "MissingField"
    /// The field holds something else than it may.
    case invalidField = "InvalidField"
  }

  /// What programs tell refusals apart by.
  package let name: String
  /// What people read.
  package let message: String
  /// In a list of operations: the place of the one that was refused, counted from 0.
  package var operation: Int?

  /// States a refusal that has a name of its own.
  package init(name: String, message: String) {
    self.name = name
    self.message = message
  }

  /// States what is wrong with a line.
  package init(_ fault: Fault, _ message: String) {
    self.init(name: fault.rawValue, message: message)
  }

  /// The field holds something else than it may.
  package static func invalid(_ field: String, _ expected: String) -> LineRefusal {
    LineRefusal(.invalidField, "'\(field)' must be \(expected)")
  }

  /// The line is longer than it may be.
  package static func tooLong(_ limits: LineLimits) -> LineRefusal {
    LineRefusal(.lineTooLong, "a line has at most \(limits.byteCount) bytes")
  }

  /// A name that a line gave, when it may be repeated.
  package static func repeatable(_ units: [UInt16]) -> String? {
    guard !units.isEmpty, units.count <= LineLimits.repeatedNameByteCount,
      units.allSatisfy({ $0 < 0x80 && isPlain(UInt8($0)) })
    else { return nil }
    return String(decoding: units, as: UTF16.self)
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "-"):
      true
    default: false
    }
  }
}
