#if Sandbox
  import Foundation
  import ProveKeySealing

  /// The integrator's clients that may call the API: an id and a secret each.
  public struct SandboxClients: Sendable {
    private let hashes: [String: [UInt8]]

    /// What is wrong with a file of clients.
    public struct Malformed: Error {
      /// The line, from 1.
      public let line: Int
    }

    /// The most clients.
    public static let limit = 10_000

    /// Takes ids with their secrets.
    public init(_ secrets: [String: String]) {
      hashes = secrets.mapValues { Hashing.blake2b256(Array($0.utf8)) }
    }

    /// Reads lines of an id, a blank and a secret; empty lines and those that begin with `#` are left
    /// out.
    /// - Throws: ``Malformed``.
    public init(text: String) throws(Malformed) {
      var secrets: [String: String] = [:]
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      for (index, line) in lines.enumerated() where !line.isEmpty && !line.hasPrefix("#") {
        let parts = line.split(separator: " ")
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count <= 255 }),
          secrets.count < Self.limit, secrets[String(parts[0])] == nil
        else { throw Malformed(line: index + 1) }
        secrets[String(parts[0])] = String(parts[1])
      }
      guard !secrets.isEmpty else { throw Malformed(line: lines.count) }
      self.init(secrets)
    }

    /// A random secret.
    public static func makeSecret() -> String { Base64URL.encode(SecureRandom.bytes(24)) }

    /// Whether a client's secret is right; takes as long whether the client exists or not.
    func isRight(_ id: String, _ secret: String) -> Bool {
      Hashing.blake2b256(Array(secret.utf8)) == hashes[id]
    }
  }
#endif
