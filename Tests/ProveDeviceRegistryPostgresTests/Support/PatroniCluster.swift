import Foundation
import PostgresTestSupport
import ProveKeyPlatform

/// Three PostgreSQL servers that Patroni keeps over etcd, as in production but for the machines:
/// the leader acknowledges what a synchronous replica has on disk, and is followed by another one
/// when it is lost.
final class PatroniCluster: Sendable {
  /// One of the servers, with the ways by which the others and etcd are reached.
  final class Node: Sendable {
    let number: Int
    let folder: String
    /// PostgreSQL's own port, by which clients come.
    let port: Int
    let restPort: Int
    /// Ways from this node to etcd, and from the other nodes to this one.
    let links: [CuttableLink]

    fileprivate init(_ number: Int, etcdPort: Int) throws {
      self.number = number
      folder = try ServerFolder.path.get() + "/node-\(number)-\(UInt32.random(in: 0 ... .max))"
      port = try Shell.freePort()
      restPort = try Shell.freePort()
      links = [
        try CuttableLink(to: etcdPort), try CuttableLink(to: port), try CuttableLink(to: restPort),
      ]
      try Shell.run(Shell.asServer(["mkdir", "-m", "700", folder]))
      try configuration().write(
        toFile: folder + "/patroni.yml", atomically: true, encoding: .utf8)
      try Shell.run(["chmod", "644", folder + "/patroni.yml"])
    }

    /// Starts Patroni, which starts PostgreSQL.
    func start() throws {
      try Daemon.start("patroni \(folder)/patroni.yml", in: folder, named: "patroni")
    }

    /// The machine is gone: Patroni and PostgreSQL with all processes, whatever they are at.
    ///
    /// PostgreSQL may be just starting, or being copied or rewound: then no file names its process.
    func kill() throws {
      for _ in 0..<50 {
        let own = Self.processes(["-f", folder])
        guard !own.isEmpty else { return }
        for pid in own + own.flatMap({ Self.processes(["-P", "\($0)"]) }) {
          Glibc.kill(pid, SIGKILL)
        }
        usleep(100_000)
      }
      throw ShellError(description: "node \(number) does not die")
    }

    private static func processes(_ words: [String]) -> [Int32] {
      // It fails where there is none.
      ((try? Shell.run(["pgrep"] + words)) ?? "").split(separator: "\n").compactMap { Int32($0) }
    }

    /// A new machine stands in the place of one that was killed, and takes its rows from the leader.
    func replace() throws {
      try Shell.run(Shell.asServer(["rm", "-rf", folder + "/data"]))
      try start()
    }

    /// Cuts this node off from etcd and from the other nodes, though not from clients; or mends it.
    func isolate(_ isCut: Bool) {
      for link in links { link.isCut = isCut }
    }

    /// The answer of this node to a query of one value; nothing when it does not answer.
    func value(_ sql: String, in database: String = "postgres") -> String? {
      // A server that is down is an answer here.
      try? Shell.run([
        try ServerFolder.program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d",
        "host=127.0.0.1 port=\(port) user=postgres dbname=\(database) connect_timeout=3", "-c", sql,
      ]).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func configuration() throws -> String {
      """
      scope: registry
      name: node\(number)
      restapi: {listen: '127.0.0.1:\(restPort)', connect_address: '127.0.0.1:\(links[2].port)'}
      etcd3: {hosts: '127.0.0.1:\(links[0].port)', use_proxies: true}
      watchdog: {mode: 'off'}
      bootstrap:
        dcs:
          # The shortest lease there is; loop_wait + 2 * retry_timeout fit in. Shorter waits for etcd
          # make a busy machine lose leaders whom nobody has killed.
          ttl: 20
          loop_wait: 3
          retry_timeout: 8
          master_start_timeout: 0
          synchronous_mode: true
          synchronous_mode_strict: true
          postgresql:
            use_slots: true
            # A replica that has received more than the new leader must go back, or it cannot follow
            # and nobody can write.
            use_pg_rewind: true
            remove_data_directory_on_rewind_failure: true
            remove_data_directory_on_diverged_timelines: true
            parameters: {max_connections: 100, wal_log_hints: 'on', wal_keep_size: '128MB'}
        initdb: [encoding: UTF8, locale: C]
      postgresql:
        listen: '127.0.0.1:\(port)'
        connect_address: '127.0.0.1:\(links[1].port)'
        data_dir: \(folder)/data
        bin_dir: \(try ServerFolder.programs.get())
        pgpass: \(folder)/pgpass
        # Else a copy begins with a checkpoint that takes its time, minutes of it.
        basebackup: [checkpoint: fast]
        authentication:
          replication: {username: replicator, password: replicator}
          superuser: {username: postgres, password: postgres}
        pg_hba: ['local all all trust', 'host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust']
        parameters: {unix_socket_directories: '\(folder)', shared_buffers: '32MB'}
      """
    }
  }

  let nodes: [Node]

  /// Starts etcd and three nodes, and waits until one leads and the others follow.
  init() async throws {
    let (client, peer) = (try Shell.freePort(), try Shell.freePort())
    let folder = try ServerFolder.path.get() + "/etcd-\(client)"
    try Shell.run(Shell.asServer(["mkdir", "-m", "700", folder]))
    try Daemon.start(
      """
      etcd --data-dir \(folder)/etcd --listen-client-urls http://127.0.0.1:\(client) \
      --advertise-client-urls http://127.0.0.1:\(client) \
      --listen-peer-urls http://127.0.0.1:\(peer) \
      --initial-advertise-peer-urls http://127.0.0.1:\(peer) \
      --initial-cluster default=http://127.0.0.1:\(peer)
      """, in: folder, named: "etcd")
    try await Self.awaitEtcd(client)
    nodes = try (1...3).map { try Node($0, etcdPort: client) }
    for node in nodes { try node.start() }
    _ = try await healthyLeader()
  }

  /// Waits until etcd tells its cluster's version, which it decides on a moment after it began to
  /// answer.
  ///
  /// Patroni ends on what it tells before; nobody would start it again.
  private static func awaitEtcd(_ port: Int) async throws {
    // Patroni is Python, so there is one.
    let get = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=2).read())"
    let words = ["python3", "-c", get, "http://127.0.0.1:\(port)/version"]
    for _ in 0..<240 {
      // It refuses connections at first.
      if let told = try? Shell.run(words), told.contains("etcdcluster"),
        !told.contains("not_decided")
      {
        return
      }
      try await Task.sleep(for: .milliseconds(250))
    }
    throw ShellError(description: "etcd does not begin")
  }

  /// All hosts, as a client names them.
  func address(database: String) -> String {
    "host=127.0.0.1,127.0.0.1,127.0.0.1 port=\(nodes.map { "\($0.port)" }.joined(separator: ",")) "
      + "user=postgres dbname=\(database)"
  }

  /// Waits for a leader other than `former`.
  func leader(after former: Node? = nil) async throws -> Node {
    try await found("a leader") {
      nodes.first { $0 !== former && $0.value("SELECT pg_is_in_recovery()") == "f" }
    }
  }

  /// Waits until the loss of any one node can be got over: two replicas follow a leader, and one of
  /// them may take over.
  func healthyLeader() async throws -> Node {
    try await found("a leader with two replicas") {
      nodes.first { $0.value(Self.isFollowed) == "t" && mayBeFollowed($0) }
    }
  }

  /// Whether two replicas follow, by their names.
  ///
  /// A copy that is being made streams too, and is of no use until it is done. A leader lost
  /// meanwhile leaves one node, and under `synchronous_mode_strict` one node cannot write.
  private static let isFollowed = """
    SELECT NOT pg_is_in_recovery() AND count(*) = 2
      AND count(*) FILTER (WHERE sync_state = 'sync') = 1
    FROM pg_stat_replication WHERE state = 'streaming' AND application_name LIKE 'node%'
    """

  /// Whether Patroni has written down who may take over.
  ///
  /// It does so a moment after the leader has begun to wait for that node; of a leader lost in
  /// between nobody takes the place.
  private func mayBeFollowed(_ leader: Node) -> Bool {
    // One that cannot tell at the moment is asked again.
    let list = try? Shell.run([
      "patronictl", "-c", leader.folder + "/patroni.yml", "list", "-f", "tsv", "registry",
    ])
    let roles = (list ?? "").split(separator: "\n").compactMap { line -> String? in
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      return fields.count > 4 && ["running", "streaming"].contains(fields[4])
        ? String(fields[3]) : nil
    }
    return roles.sorted() == ["Leader", "Replica", "Sync Standby"]
  }

  /// How the nodes stand, for a message of failure.
  var report: String {
    nodes.map { node in
      let replicas = node.value(
        """
        SELECT pg_is_in_recovery() || ' ' || coalesce(string_agg(
          concat_ws(' ', application_name, state, sync_state), ', '), 'nobody')
        FROM pg_stat_replication
        """)
      let waits = node.value(
        """
        SELECT string_agg(w || ' ' || n, ', ') FROM (
          SELECT coalesce(wait_event, 'nothing') AS w, count(*) AS n FROM pg_stat_activity
          WHERE backend_type = 'client backend' AND state = 'active' GROUP BY 1) AS waits
        """)
      // What is missing from a message of failure is only missed there.
      let log = (try? String(contentsOfFile: node.folder + "/patroni.log", encoding: .utf8)) ?? ""
      return """
        node \(node.number): recovery and replicas \(replicas ?? "unknown"); \
        waits \(waits ?? "unknown"); log \(log.suffix(600))
        """
    }.joined(separator: "\n")
  }

  private func found(_ what: String, _ look: () -> Node?) async throws -> Node {
    let start = ContinuousClock.now
    while ContinuousClock.now - start < .seconds(240) {
      if let node = look() { return node }
      try await Task.sleep(for: .milliseconds(500))
    }
    throw ShellError(description: "there was not to be had \(what): \(report)")
  }
}

/// Programs that run beside the tests, under the folder that is cleared in the end.
enum Daemon {
  /// Starts one in the background; its process id stands in a file of the folder, for the guard.
  static func start(_ command: String, in folder: String, named name: String) throws {
    let script =
      "\(command) >>\(folder)/\(name).log 2>&1 </dev/null & echo $! >\(folder)/\(name).run"
    try Shell.run(Shell.asServer(["sh", "-c", script]))
  }
}
