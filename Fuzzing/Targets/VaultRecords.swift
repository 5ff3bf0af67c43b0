@testable import ProveKeyVault

/// A record's content that was read is written as the very bytes it was read from.
///
/// The first byte of the input chooses the record, the rest is the content.
func fuzz(_ bytes: [UInt8]) {
  guard let choice = bytes.first else { return }
  let content = Array(bytes.dropFirst())
  // What is refused is as it should be.
  switch choice % 8 {
  case 0:
    if let record = try? KeyRecord.decode(content) { precondition(record.encoded == content) }
  case 1:
    if let record = try? CounterRecord.decode(content) { precondition(record.encoded == content) }
  case 2:
    if let record = try? ScopeDirectory.decode(content) { precondition(record.encoded == content) }
  case 3:
    if let state = try? SetState.decode(content) { precondition(state.encoded == content) }
  case 4:
    if let record = try? DatabaseRecord.decode(content) { precondition(record.encoded == content) }
  case 5:
    if let state = try? StoreState.decode(content) { precondition(state.encoded == content) }
  case 6:
    if let row = try? DatabaseRow.decode(content) { precondition(row.encoded == content) }
  default:
    if let record = try? CustodianRecord.decode(content) { precondition(record.encoded == content) }
  }
}
