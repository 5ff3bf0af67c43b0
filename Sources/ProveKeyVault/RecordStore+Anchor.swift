import ProveKeySealing

// V14. The anchor follows the file: it moves after a commit and before the call returns. A crash between
// the two leaves the anchor one generation behind, which the next opening makes good; were it moved
// before, the crash would leave a sound vault that its own anchor refuses.

extension RecordStore {
  /// Refuses a file that is older than `mark`, or another of the same age; else moves the anchor up
  /// to the file.
  /// - Parameter mark: read before the file was: others may write meanwhile.
  func hold(against mark: AnchorMark?, of anchor: any RollbackAnchor) throws(VaultError) {
    guard let found = anchorMark else { throw .damaged(VaultDamage(.state, .missing)) }
    if let mark {
      guard found.vaultID == mark.vaultID, found.generation >= mark.generation else {
        throw .rolledBack
      }
      guard found.generation > mark.generation || found == mark else { throw .rolledBack }
    }
    self.anchor = anchor
    try advanceAnchor()
  }

  /// Tells the anchor of the state that was written last.
  func advanceAnchor() throws(VaultError) {
    guard let anchor, let mark = anchorMark else { return }
    try wrapping { () throws(AnchorError) in try anchor.advance(to: mark) }
  }

  /// The trusted state as a mark.
  ///
  /// The digest is over its sealed bytes, which are written once per
  /// generation and never come again, header included.
  private var anchorMark: AnchorMark? {
    guard let trusted else { return nil }
    let bytes = Hashing.blake2b256(of: trusted.sealedState.span)
    let digest = keys.setElement(
      locator: keys.locator("vault.anchor"), version: trusted.state.generation,
      commitment: bytes.span)
    return AnchorMark(
      vaultID: keys.storeID.bytes, generation: trusted.state.generation, digest: digest.bytes)
  }
}

/// Runs `body` and wraps what an anchor throws.
func wrapping<R>(_ body: () throws(AnchorError) -> R) throws(VaultError) -> R {
  do throws(AnchorError) {
    return try body()
  } catch {
    throw .anchor(error)
  }
}
