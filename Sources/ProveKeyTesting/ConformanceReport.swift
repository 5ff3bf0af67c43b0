import Dispatch
import Foundation
import ProveKeyPlatform

/// What a conformance check found: one finding for each property, in the order of the properties.
///
/// Print it, or ask your test framework to expect ``isConformant``: this library needs none.
public struct ConformanceReport<Property: ConformanceProperty>: Sendable {
  /// One property, and what is wrong with it.
  public struct Finding: Sendable {
    /// The property that was checked.
    public let property: Property
    /// What was seen instead; nil when the property holds.
    public let failure: String?
  }

  /// What was found, each property once.
  public let findings: [Finding]

  /// Whether every property holds.
  public var isConformant: Bool { failures.isEmpty }

  /// The findings that are failures.
  public var failures: [Finding] { findings.filter { $0.failure != nil } }

  /// Checks every property; an error that `check` throws is a failure of that property.
  init(_ check: (Property) throws -> Void) {
    findings = Property.allCases.map { property in
      do {
        try check(property)
        return Finding(property: property, failure: nil)
      } catch {
        return Finding(property: property, failure: failure(error))
      }
    }
  }

  /// Checks every property, one after another.
  init(checking check: (Property) async throws -> Void) async {
    var findings: [Finding] = []
    for property in Property.allCases {
      findings.append(await Self.finding(property, check))
    }
    self.findings = findings
  }

  /// Checks one property.
  static func finding(
    _ property: Property, _ check: (Property) async throws -> Void
  ) async -> Finding {
    do {
      try await check(property)
      return Finding(property: property, failure: nil)
    } catch {
      return Finding(property: property, failure: failure(error))
    }
  }
}

extension ConformanceReport: CustomStringConvertible {
  /// One line for each property.
  public var description: String {
    findings.map { finding in
      let name = finding.property.statement
      return finding.failure.map { "FAILED  \(name): \($0)" } ?? "holds   \(name)"
    }.joined(separator: "\n")
  }
}

/// What an error says that a check of a property threw.
private func failure(_ error: any Error) -> String {
  (error as? Broken)?.reason ?? "an error where there should be none: \(error)"
}

/// Runs `body` on eight threads of their own at once, and breaks the property with the first failure.
func onThreads(_ body: @escaping @Sendable (_ number: Int) throws -> Void) throws {
  let failures = Locked<[String]>([])
  let group = DispatchGroup()
  for number in 0..<8 {
    group.enter()
    // Not a queue's threads, of which there may be one.
    Thread.detachNewThread {
      defer { group.leave() }
      do {
        try body(number)
      } catch {
        failures.withLock { $0.append((error as? Broken)?.reason ?? "\(error)") }
      }
    }
  }
  group.wait()
  if let first = failures.withLock({ $0.first }) { throw Broken(first) }
}

/// A list of properties, each with its sentence.
public protocol ConformanceProperty: CaseIterable, Hashable, Sendable {
  /// The property as a sentence.
  var statement: String { get }
}

/// Why a property does not hold.
struct Broken: Error {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}

/// Breaks the property unless a condition holds.
func expect(_ condition: Bool, _ reason: String) throws {
  guard condition else { throw Broken(reason) }
}

/// Breaks the property unless `body` throws.
func expectError(_ reason: String, _ body: () throws -> Void) throws {
  do {
    try body()
  } catch {
    return
  }
  throw Broken(reason)
}
