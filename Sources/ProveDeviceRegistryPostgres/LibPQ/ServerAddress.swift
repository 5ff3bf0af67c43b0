import CLibPQ

/// Where the server is and how to sign in: a connection string, taken apart as far as is needed to
/// try its hosts one by one.
///
/// libpq could try them itself, but only in a call whose errors name no SQLSTATE.
struct ServerAddress: Sendable {
  /// Which of several servers is wanted.
  enum Role: String, Sendable {
    case any
    case readWrite = "read-write"
    case readOnly = "read-only"
    case primary
    case standby
    case preferStandby = "prefer-standby"

    /// What to ask for in turn.
    var passes: [Role] { self == .preferStandby ? [.standby, .any] : [self] }
  }

  /// The parameters that hold for every host.
  private let common: [(keyword: String, value: String)]
  /// What distinguishes each host.
  private let hosts: [[(keyword: String, value: String)]]
  /// The connection string's own bound on connecting, in milliseconds.
  let connectTimeoutMilliseconds: Int?
  /// The kind of server that the connection string asks for.
  let role: Role?

  /// Takes a connection string apart: `key=value` words or a `postgresql://` address.
  /// - Throws: ``PostgresError`` with `settingsMalformed`, which does not repeat the string: it
  ///   may hold a password.
  init(_ text: String) throws(PostgresError) {
    var options = try Self.parse(text)
    role = try Self.role(options.removeValue(forKey: "target_session_attrs"))
    let seconds = options.removeValue(forKey: "connect_timeout").flatMap { Int($0) } ?? 0
    connectTimeoutMilliseconds = seconds > 0 ? seconds * 1000 : nil
    hosts = try Self.hosts(
      options.removeValue(forKey: "host"), options.removeValue(forKey: "hostaddr"),
      options.removeValue(forKey: "port"))
    options["fallback_application_name"] =
      options["fallback_application_name"] ?? "prove-device-registry"
    common = options.sorted { $0.key < $1.key }.map { (keyword: $0.key, value: $0.value) }
  }

  /// How many hosts there are.
  var hostCount: Int { hosts.count }

  /// The parameters for connecting to one of the hosts.
  func parameters(host: Int, role: Role) -> [(keyword: String, value: String)] {
    common + hosts[host] + [(keyword: "target_session_attrs", value: role.rawValue)]
  }

  private static func malformed(_ what: String) -> PostgresError {
    PostgresError(.settingsMalformed, operation: "read the connection string", message: what)
  }

  private static func role(_ text: String?) throws(PostgresError) -> Role? {
    guard let text else { return nil }
    guard let role = Role(rawValue: text) else { throw malformed("target_session_attrs") }
    return role
  }

  /// Pairs names, addresses and ports as libpq does: one port may stand for all.
  private static func hosts(
    _ host: String?, _ address: String?, _ port: String?
  ) throws(PostgresError) -> [[(keyword: String, value: String)]] {
    func list(_ text: String?) -> [String] {
      text.map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) } ?? []
    }
    let names = list(host)
    let addresses = list(address)
    let ports = list(port)
    let count = max(names.count, addresses.count, 1)
    guard names.isEmpty || names.count == count, addresses.isEmpty || addresses.count == count,
      ports.count <= 1 || ports.count == count
    else { throw malformed("as many ports as hosts, or one") }
    return (0..<count).map { index in
      let parts = [
        ("host", names.isEmpty ? "" : names[index]),
        ("hostaddr", addresses.isEmpty ? "" : addresses[index]),
        ("port", ports.isEmpty ? "" : ports.count == 1 ? ports[0] : ports[index]),
      ]
      return parts.filter { !$0.1.isEmpty }.map { (keyword: $0.0, value: $0.1) }
    }
  }

  private static func parse(_ text: String) throws(PostgresError) -> [String: String] {
    var words: UnsafeMutablePointer<CChar>?
    guard let options = unsafe PQconninfoParse(text, &words) else {
      // libpq's words quote the string.
      unsafe PQfreemem(words)
      throw malformed("neither key=value words nor an address")
    }
    defer { unsafe PQconninfoFree(options) }
    var found: [String: String] = [:]
    var option = unsafe options
    while let keyword = unsafe option.pointee.keyword {
      if let value = unsafe option.pointee.val {
        unsafe found[String(cString: keyword)] = unsafe String(cString: value)
      }
      unsafe option += 1
    }
    return found
  }
}
