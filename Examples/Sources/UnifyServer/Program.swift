import Foundation
import Hummingbird
import ProveDeviceRegistry
import ProveUnify

/// The server as a program, on the loopback, with the sandbox's test users in place of a carrier and an
/// SMS service.
///
///     PROVE_CLIENT_SECRET=... UnifyServer REGISTRY KEYFILE PORT
@main
enum Program {
  static func main() async throws {
    let words = CommandLine.arguments
    guard words.count == 4, let port = Int(words[3]),
      let secret = ProcessInfo.processInfo.environment["PROVE_CLIENT_SECRET"]
    else {
      FileHandle.standardError.write(
        Data("usage: PROVE_CLIENT_SECRET=... UnifyServer REGISTRY KEYFILE PORT\n".utf8))
      exit(2)
    }
    // docs: running
    let server = try await UnifyServer.open(
      at: words[1], keyFile: words[2], clients: ["shop": secret],
      possession: SandboxProvider(users: try SandboxUser.all()))
    let application = Application(
      router: server.router(),
      configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port)),
      services: [InactivitySweeper(server.registry)])
    try await application.runService()
    try await server.registry.close()
    // docs: end
  }
}
