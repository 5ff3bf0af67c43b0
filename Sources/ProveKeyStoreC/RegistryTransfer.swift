public import CProveKeyStore
import ProveDeviceRegistry
import ProveKeyModel

/// Gives the next registrations as lines.
@c @implementation
public func pks_registry_export_lines(
  _ registry: pks_registry, _ cursor: UnsafeMutablePointer<pks_export_cursor>!,
  _ lines: UnsafeMutablePointer<pks_reply>!, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let reply = try unsafe ValuePlace(lines)
    let next = try unsafe ResultPlace(cursor)
    let start = try text(in: unsafe argument(UnsafePointer(cursor)).device_id)
    let after = start.isEmpty ? nil : try DeviceID(validating: start)
    let registry = try HandleTable.registry(registry)
    let page = try waiting { try await registry.nextRegistrations(after: after) }
    let text = page.flatMap { RegistrationDocument($0).line + [newline] }
    reply.put(try HandleTable.process.add(.reply(text)))
    next.fill { cursor in
      cursor.is_at_end = page.isEmpty ? 1 : 0
      write(page.last?.deviceID.rawValue ?? start, to: &cursor.device_id)
    }
  }
}

/// Registers what an export wrote.
@c @implementation
public func pks_registry_import_lines(
  _ registry: pks_registry, _ lines: UnsafePointer<CChar>!, _ length: Int,
  _ actor: UnsafePointer<CChar>!, _ report: UnsafeMutablePointer<pks_import>!,
  _ refused: UnsafeMutablePointer<pks_reply>!, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultPlace(report)
    let given = try unsafe buffer(lines, count: length, limit: CallLimits.requestByteCount)
    let text = unsafe given.map { UInt8(bitPattern: $0) }
    let actor = try unsafe optionalText(actor) ?? "import"
    let registry = try HandleTable.registry(registry)
    let done = try waiting { try await registry.importing(text, actor: actor) }
    if let list = unsafe refused {
      let lines = done.refusedLines.map { "\($0.number): \($0.reason)" }
      unsafe list.pointee = try HandleTable.process.add(.reply(lines: lines))
    }
    place.fill { report in
      report.lines = UInt64(done.lines)
      report.imported = UInt64(done.imported)
      report.identical = UInt64(done.identical)
      report.refused = UInt64(done.refused)
    }
  }
}

extension pks_export_cursor: ZeroedStruct {}
extension pks_import: ZeroedStruct {}

private let newline = UInt8(ascii: "\n")

extension DeviceRegistry {
  /// Brings in each line of a text, whose last one need not have an end.
  fileprivate func importing(_ text: [UInt8], actor: String) async throws -> ImportReport {
    var run = RegistrationImport(into: self, actor: actor)
    var rest = text[...]
    while !rest.isEmpty {
      let line = rest.prefix { $0 != newline }
      rest = rest.dropFirst(line.count + 1)
      try await run.take(Array(line))
    }
    return try await run.finish()
  }
}
