public import ProveKeyModel

/// Learns from the vendor of Device Context who a browser is.
///
/// The device brings only the vendor's word (a token, opaque here); what it stands for the server
/// asks the vendor, so that a device cannot name a visitor of its choice.
public protocol VisitorProvider: Sendable {
  /// Redeems a vendor's word.
  /// - Parameters:
  ///   - token: what the collector in the browser was given.
  ///   - publicAPIKey: the key that the app collects under.
  /// - Returns: nothing for a word that is not known, too old, or was redeemed before.
  /// - Throws: ``UnifyError/invalidField(_:)`` `publicApiKey` for a key of another build config or
  ///   region. Whatever else is thrown counts as no visitor.
  func visitor(for token: String, publicAPIKey: String) async throws -> Visitor?
}

/// For servers without Device Context: there are no visitors.
public struct NoVisitors: VisitorProvider {
  /// States that there are none.
  public init() {}

  /// Nobody.
  public func visitor(for token: String, publicAPIKey: String) async throws -> Visitor? { nil }
}

extension UnifyService {
  /// Who is behind a start; nothing without Device Context.
  func visitor(of start: DeviceStart) async throws(UnifyError) -> Visitor? {
    guard let context = start.context else { return nil }
    guard (1...UnifyLimits.contextTokenBytes).contains(context.token.utf8.count) else {
      throw .invalidField("context")
    }
    guard (1...UnifyLimits.contextTokenBytes).contains(context.publicAPIKey.utf8.count) else {
      throw .invalidField("publicApiKey")
    }
    do {
      return try await visitors.visitor(for: context.token, publicAPIKey: context.publicAPIKey)
    } catch UnifyError.invalidField(let field) {
      throw .invalidField(field)
    } catch {
      return nil  // a vendor that cannot be asked knows nobody (D11)
    }
  }
}
