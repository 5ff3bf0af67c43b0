#if Sandbox
  import FlyingSocks
  public import ProveDeviceRegistry
  import ProveKeyModel
  import ProveUnify

  /// Prove's flow as a server on one's own machine: the API of the server wrappers, the device's side,
  /// the pages that a person meets, and no SMS that leaves the machine.
  ///
  /// What it serves is in `docs/sandbox.md` and `docs/device-protocol.md`.
  public final class Sandbox: Sendable {
    /// What a sandbox is made with.
    public struct Setup: Sendable {
      /// The address to listen on; only on loopback are other hosts' pages kept from asking.
      public var address = "127.0.0.1"
      /// The port; 0 lets the system choose.
      public var port: UInt16 = 8080
      /// Who may call the API.
      public var clients: SandboxClients
      /// Requests a second of one client.
      public var requestsPerSecond = 25
      /// Where the sandbox is reached from outside, for the links in its SMS; its own address when
      /// left out.
      public var publicAddress: String?
      /// Whether `/` is the page on which a person walks the flow, with the back end that it talks to;
      /// on loopback only, when left out.
      public var servesPage: Bool?

      /// States a setup; everything but the clients has a default.
      public init(clients: SandboxClients) {
        self.clients = clients
      }
    }

    /// The port that it listens on.
    public let port: UInt16

    let registry: DeviceRegistry
    let clock: SandboxClock
    let service: UnifyService
    let provider: SandboxProvider
    let visitors: SandboxVisitors
    let setup: Setup
    let users: [SandboxUser]
    let clientRates: RateLimiter
    let deviceRates = RateLimiter()
    let pageSessions = PageSessions()
    /// Where the sandbox is reached from outside.
    let outsideAddress: String
    let metrics = SandboxMetrics()
    private let socket: Socket
    private let server: HTTPServer

    /// Listens; requests are answered by ``run()``.
    /// - Parameters:
    ///   - registry: whose clock must be the sandbox's.
    /// - Throws: what the system says when the address cannot be had.
    public init(_ setup: Setup, registry: DeviceRegistry, clock: SandboxClock) throws {
      self.setup = setup
      self.registry = registry
      self.clock = clock
      (socket, port) = try HTTPServer.listen(setup.address, setup.port)
      users = try SandboxUser.all()
      provider = SandboxProvider(users: users, opensLinks: false)
      visitors = SandboxVisitors(registry.scope.buildConfig, clock: clock.wallClock)
      clientRates = RateLimiter(perSecond: setup.requestsPerSecond)
      let host = setup.address.contains(":") ? "[\(setup.address)]" : setup.address
      outsideAddress = setup.publicAddress ?? "http://\(host):\(port)"
      service = UnifyService(
        registry: registry, possession: provider, reputation: provider, visitors: visitors,
        linkPage: outsideAddress + "/link/", clock: clock.wallClock)
      server = HTTPServer()
    }

    /// Answers requests until the task is cancelled; then lets what runs end.
    public func run() async throws {
      let router = SandboxRouter(self)
      try await server.run(on: socket) { await router.answer($0) }
    }

    /// What has happened to connections so far.
    var counts: HTTPServer.Counts { server.counts }

    /// Whether the page and its back end are there.
    var servesPage: Bool { setup.servesPage ?? isOnLoopback }

    /// Whether the sandbox listens on this machine only.
    var isOnLoopback: Bool {
      setup.address.hasPrefix("127.") || setup.address == "::1"
    }
  }
#endif
