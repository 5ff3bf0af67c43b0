public import CProveKeyStore
import ProveDeviceRegistry

/// How much there is.
@c @implementation
public func pks_registry_info(
  _ registry: pks_registry, _ facts: UnsafeMutablePointer<pks_registry_facts>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultPlace(facts)
    let registry = try HandleTable.registry(registry)
    let counts = try waiting { try await registry.statistics() }
    var facts = pks_registry_facts()
    facts.placed = UInt64(counts.registrations[.placed] ?? 0)
    facts.bound = UInt64(counts.registrations[.bound] ?? 0)
    facts.unbound = UInt64(counts.registrations[.unbound] ?? 0)
    facts.revoked = UInt64(counts.registrations[.revoked] ?? 0)
    facts.events = UInt64(counts.events)
    facts.items = UInt64(counts.items)
    facts.file_bytes = counts.byteCount.map { Int64($0) } ?? -1
    place.put(facts)
  }
}

/// Opens and checks everything.
@c @implementation
public func pks_registry_verify(
  _ registry: pks_registry, _ progress: pks_progress!, _ context: UnsafeMutableRawPointer!,
  _ report: UnsafeMutablePointer<pks_registry_report>!,
  _ problems: UnsafeMutablePointer<pks_reply>!, _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultPlace(report)
    let watcher = unsafe Watcher(progress, context)
    let registry = try HandleTable.registry(registry)
    let found = try waiting { try await registry.verify { watcher.tell($0, $1) } }
    if let list = unsafe problems {
      unsafe list.pointee = try HandleTable.process.add(.reply(lines: found.problems))
    }
    var report = pks_registry_report()
    report.is_sound = found.problems.isEmpty ? 1 : 0
    report.registrations = UInt64(found.registrations)
    report.events = UInt64(found.events)
    report.has_set_digests = found.hasSetDigests ? 1 : 0
    report.problem_count = UInt32(found.problems.count)
    place.put(report)
  }
}

/// Decides every kept decision again.
@c @implementation
public func pks_registry_replay(
  _ registry: pks_registry, _ replay: UnsafeMutablePointer<pks_replay>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultPlace(replay)
    let registry = try HandleTable.registry(registry)
    let report = try waiting { try await registry.replay() }
    var replay = pks_replay()
    replay.agrees = report.agrees ? 1 : 0
    replay.events = UInt64(report.events)
    replay.decisions = UInt64(report.decisions)
    replay.reproduced = UInt64(report.reproduced)
    replay.erased = UInt64(report.erased)
    place.put(replay)
  }
}

/// Copies a registry that is a file.
@c @implementation
public func pks_registry_backup(
  _ registry: pks_registry, _ path: UnsafePointer<CChar>!, _ progress: pks_progress!,
  _ context: UnsafeMutableRawPointer!, _ copy: UnsafeMutablePointer<pks_registry_copy>!,
  _ error: UnsafeMutablePointer<pks_error>!
) -> pks_status {
  unsafe answering(error) {
    let place = try unsafe ResultPlace(copy)
    let path = try unsafe text(path)
    let watcher = unsafe Watcher(progress, context)
    guard let store = try HandleTable.openRegistry(registry).file else {
      throw Refusal.call(PKS_UNSUPPORTED, "only a registry on SQLite is copied to a file")
    }
    let report = try waiting { try await store.backup(to: path) { watcher.tell($0, $1) } }
    var copy = pks_registry_copy()
    copy.registrations = UInt64(report.registrations)
    copy.events = UInt64(report.events)
    copy.file_bytes = Int64(report.byteCount)
    place.put(copy)
  }
}
