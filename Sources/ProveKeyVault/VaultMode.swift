/// Who else may use a vault while it is open.
public enum VaultMode: Hashable, Sendable {
  /// Nobody: the file is locked until the vault is closed, and look-ups are answered from memory.
  case exclusive
  /// Other processes in turn, such as an app and its extension: each call is a transaction.
  case shared
}
