import ProveKeyModel

// Tokens of an integrator's own clients, which call the API.

extension UnifyService {
  /// Makes the token by which a client calls the API for an hour (`POST /token`).
  public func accessToken(for client: String) async throws(UnifyError) -> String {
    try await tokens.make(
      .accessToken, about: client, id: newToken(), forSeconds: UnifyLimits.accessTokenSeconds)
  }

  /// Whose token it is.
  /// - Throws: ``UnifyError/unauthorized`` for one that is not ours, or whose hour is over.
  public func client(ofAccessToken token: String) async throws(UnifyError) -> String {
    guard let claims = try await tokens.claims(of: token, .accessToken), !tokens.isOver(claims)
    else { throw .unauthorized }
    return claims.subject
  }

  /// Signs tokens by a new key from now on; those signed before stay good.
  public func rotateTokenKeys() async throws(UnifyError) {
    try await tokens.rotate()
  }
}
