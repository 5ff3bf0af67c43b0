#if Sandbox
  import ArgumentParser
  import Foundation
  import ProveDeviceRegistry
  import ProveKeyModel
  import ProveKeyPlatform
  import ProveKeySealing
  import ProveSandbox
  import UnixSignals

  /// `provekey sandbox`: Prove's flow as a server on this machine.
  struct SandboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "sandbox",
      abstract: "Serve the flow on this machine: API, device side, links, outbox.",
      discussion: """
        Runs until it is interrupted, then ends what runs. Without --state everything is gone with it. \
        No SMS leaves the machine: /outbox shows what a person would have got.
        """)

    @Option(help: "The port; 0 lets the system choose.") var port: UInt16 = 8080
    @Option(help: "The address to listen on.") var address = "127.0.0.1"
    @Option(help: ArgumentHelp("Keeps keys, registry, clients and clock here.", valueName: "dir"))
    var state: String?
    @Option(
      help: ArgumentHelp(
        "The registry's store: sqlite:PATH, or postgresql://HOST/DATABASE.", valueName: "url"))
    var store: StoreAddress?
    @OptionGroup var unlock: UnlockOptions
    @Option(
      help: ArgumentHelp("A file with a client id and secret a line.", valueName: "file"))
    var clients: String?
    @Option(help: "Requests a second of one client.") var rate = 25
    @Option(
      help: ArgumentHelp("Where links lead, when not to its own address.", valueName: "url"))
    var publicUrl: String?
    @Option(help: "Environment and region.") var buildConfig = BuildConfig.usUAT
    @Flag(help: "Recover nothing through Device Context.") var withoutKeyPersistence = false
    @Flag(
      inversion: .prefixedNo,
      help: "Serve the page on which a person walks the flow; on loopback when not said.")
    var page: Bool?
    @Flag(help: "Print facts as JSON.") var json = false

    func validate() throws {
      try store?.validate()
      guard (1...1_000_000).contains(rate) else {
        throw ValidationError("--rate takes 1 to 1000000.")
      }
    }

    func run() async throws {
      let folder = try SandboxFolder(state)
      defer { folder.remove() }
      OpenFileLimit.raise()
      let access = try folder.clients(file: clients)
      var setup = Sandbox.Setup(clients: access.clients)
      (setup.address, setup.port, setup.requestsPerSecond) = (address, port, rate)
      setup.publicAddress = publicUrl
      setup.servesPage = page
      let clock = SandboxClock(path: folder.path("clock"))
      let registry = try await registry(in: folder, clock)
      let sandbox: Sandbox
      do { sandbox = try Sandbox(setup, registry: registry, clock: clock) } catch {
        try await registry.close()
        throw Refusal(text: "the address cannot be listened on; is another server there?")
      }
      let host = address.contains(":") ? "[\(address)]" : address
      let facts = try Output.text(
        [
          ("url", .text("http://\(host):\(sandbox.port)")),
          ("clientId", access.id.map { .text($0) }),
          ("clientSecret", access.secret.map { .text($0) }),
          ("clientsFile", access.file.map { .text($0) }),
        ], json: json)
      // Trapped before anybody knows that there is something to end.
      let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
      // Not by print, which keeps what goes to a file or a pipe for later.
      StandardStreams.ignoreBrokenPipes()
      try StandardStreams.writeOutput(Array((facts + "\n").utf8))
      try await serve(sandbox, until: signals)
      try await registry.close()
    }

    private func serve(_ sandbox: Sandbox, until signals: UnixSignalsSequence) async throws {
      let running = Task { try await sandbox.run() }
      let watch = Task {
        for await _ in signals {
          running.cancel()
          break
        }
      }
      try await running.value
      watch.cancel()
    }

    private func registry(
      in folder: SandboxFolder, _ clock: SandboxClock
    ) async throws -> DeviceRegistry {
      let hasKey = unlock.keyFile ?? unlock.passphraseFile ?? unlock.passphraseEnv != nil
      let method = hasKey ? try unlock.method() : .keyFile(try folder.keyFile())
      return try await DeviceRegistry(
        store: try await openStore(in: folder, method),
        scope: try RegistryScope(tenant: "sandbox", buildConfig: buildConfig),
        policy: try RegistryPolicy(keyPersistence: !withoutKeyPersistence),
        clock: clock.wallClock)
    }

    /// A file is made where there is none; a server's store is made by `registry init`.
    private func openStore(
      in folder: SandboxFolder, _ method: UnlockMethod
    ) async throws -> any RegistryStore {
      guard let store else {
        return try SQLiteRegistryStore(at: folder.path("registry.sqlite"), unlock: method)
      }
      if case .sqlite(let path) = store { return try SQLiteRegistryStore(at: path, unlock: method) }
      return try await store.open(unlock: method, options: SQLiteStoreOptions())
    }
  }

  /// Where a sandbox keeps what it needs: a folder that stays, or one of its own.
  struct SandboxFolder {
    /// Who may call the API, and how they learn it.
    struct Access {
      let clients: SandboxClients
      var id: String?
      var secret: String?
      var file: String?
    }

    private let folder: String
    private let stays: Bool

    init(_ folder: String?) throws {
      stays = folder != nil
      self.folder =
        folder
        ?? FileManager.default.temporaryDirectory.appendingPathComponent(
          "provekey-sandbox-" + UUID().uuidString
        ).path
      try FileManager.default.createDirectory(
        atPath: self.folder, withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700])
    }

    func path(_ name: String) -> String { folder + "/" + name }

    func remove() {
      // What is left behind lies in the system's temporary folder.
      if !stays { try? FileManager.default.removeItem(atPath: folder) }
    }

    /// The key of the registry, made the first time.
    func keyFile() throws -> String {
      let path = path("registry.key")
      if !FileManager.default.fileExists(atPath: path) { try KeyFile.create(at: path) }
      return path
    }

    /// The clients of a file; else one client, with a secret that is made the first time.
    func clients(file: String?) throws -> Access {
      if let file { return Access(clients: try Self.read(file), file: file) }
      let file = path("clients")
      if stays, FileManager.default.fileExists(atPath: file) {
        return Access(clients: try Self.read(file), file: file)
      }
      let secret = SandboxClients.makeSecret()
      let clients = SandboxClients(["sandbox": secret])
      guard stays else { return Access(clients: clients, id: "sandbox", secret: secret) }
      guard
        FileManager.default.createFile(
          atPath: file, contents: Data("sandbox \(secret)\n".utf8),
          attributes: [.posixPermissions: 0o600])
      else { throw Refusal(text: "the file of the clients cannot be written") }
      return Access(clients: clients, id: "sandbox", secret: secret, file: file)
    }

    private static func read(_ file: String) throws -> SandboxClients {
      guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
        throw Refusal(text: "the file of the clients cannot be read")
      }
      do { return try SandboxClients(text: text) } catch {
        throw Refusal(
          text: "the file of the clients: line \(error.line) is not an id, a blank and a secret")
      }
    }
  }
#endif
