import ProveKeySealing

extension StoreKeys {
  /// Seals a row; its epoch is read off what was sealed, so that the column cannot differ from it.
  func sealedRow(
    _ content: [UInt8], as context: RecordContext
  ) throws(SealingError) -> (epoch: UInt32, sealed: [UInt8]) {
    let sealed = try seal(content.span, as: context)
    return (try SealedRecord.epoch(of: sealed.span), sealed)
  }

  /// Opens a row whose epoch column must be the one it was sealed under (G6).
  func openedRow(
    _ sealed: [UInt8], epoch: UInt32, as context: RecordContext
  ) throws(SealingError) -> [UInt8] {
    guard try SealedRecord.epoch(of: sealed.span) == epoch else { throw .damaged(.record) }
    return try open(sealed.span, as: context)
  }
}
