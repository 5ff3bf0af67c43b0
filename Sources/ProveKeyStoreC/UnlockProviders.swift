import CProveKeyStore
import ProveKeySealing

extension LinuxKeyringProvider {
  /// The key that a caller's struct names.
  init(_ pointer: UnsafePointer<pks_keyring>?) throws {
    let given = try unsafe argument(pointer)
    let keyring: Keyring
    switch pks_keyring_kind(unsafe given.kind) {
    case PKS_KEYRING_USER: keyring = .user
    case PKS_KEYRING_SESSION: keyring = .session
    case PKS_KEYRING_PERSISTENT: keyring = .persistent
    default: throw Refusal.badValue("kind")
    }
    let description = try unsafe text(given.description)
    guard let provider = LinuxKeyringProvider(description: description, keyring: keyring) else {
      throw Refusal.badValue("description")
    }
    self = provider
  }
}

extension CommandKeyProvider {
  /// What `provekey` calls a program, so that either opens what the other has made.
  private static let defaultName = "program"
  private static let defaultMilliseconds: UInt32 = 30_000

  /// The program that a caller's struct names.
  init(_ pointer: UnsafePointer<pks_program>?) throws {
    let given = try unsafe argument(pointer)
    let arguments = try unsafe texts(endingAt: given.arguments)
    guard let arguments else { throw Refusal.nullPointer }
    let limit = unsafe given.time_limit_milliseconds
    let name = try unsafe optionalText(given.name) ?? Self.defaultName
    let environment = try unsafe texts(endingAt: given.environment) ?? ["PATH=/usr/bin:/bin"]
    let provider = CommandKeyProvider(
      name: name, arguments: arguments, environment: try Self.variables(environment),
      timeLimitMilliseconds: Int(limit == 0 ? Self.defaultMilliseconds : limit))
    guard let provider else { throw Refusal.badValue("program") }
    self = provider
  }

  private static func variables(_ texts: [String]) throws(Refusal) -> [String: String] {
    var variables: [String: String] = [:]
    for text in texts {
      guard let sign = text.utf8.firstIndex(of: UInt8(ascii: "=")), sign > text.startIndex else {
        throw .badValue("environment")
      }
      variables[String(text[..<sign])] = String(text[text.utf8.index(after: sign)...])
    }
    return variables
  }
}

/// The texts of an array that ends with a NULL; nothing when there is no array.
private func texts(
  endingAt pointer: UnsafePointer<UnsafePointer<CChar>?>?
) throws(Refusal) -> [String]? {
  guard let pointer = unsafe pointer else { return nil }
  var texts: [String] = []
  while let next = unsafe pointer[texts.count] {
    guard texts.count < CallLimits.programTextCount else { throw .badLength }
    texts.append(try unsafe text(next))
  }
  return texts
}
