import Glibc

/// How many files and connections the process may have open.
package enum OpenFileLimit: Sendable {
  /// Raises the limit as far as the system lets the process by itself.
  /// - Returns: the limit now.
  @discardableResult
  package static func raise() -> Int {
    var limit = rlimit()
    let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard unsafe getrlimit(kind, &limit) == 0 else { return 0 }
    if limit.rlim_cur < limit.rlim_max {
      var wanted = limit
      wanted.rlim_cur = limit.rlim_max
      if unsafe setrlimit(kind, &wanted) == 0 { limit = wanted }
    }
    return Int(clamping: limit.rlim_cur)
  }
}
