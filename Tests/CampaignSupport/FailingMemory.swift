import CFaultVFS

/// SQLite's memory, of which a chosen allocation fails; for a process that does nothing else.
package enum FailingMemory {
  /// Puts the counter in front of SQLite's memory, before SQLite is used in the process.
  package static func install() throws {
    guard pks_memory_install() == 0 else { throw CampaignProblem("SQLite is in use already") }
    pks_memory_fail(0, 0)
  }

  /// Fails the allocation of this number, counted from 1 and from now; with `stays`, all after it.
  package static func fail(_ number: Int, stays: Bool) { pks_memory_fail(number, stays ? 1 : 0) }

  /// Nothing fails from here on; gives how many allocations did.
  package static func mend() -> Int {
    let failures = pks_memory_failures()
    pks_memory_fail(0, 0)
    return failures
  }

  /// How many allocations there were since the last that was to fail was named, or mended.
  package static var allocationCount: Int { pks_memory_count() }
}
