import ProveKeyModel
import ProveKeyPlatform
import ProveKeySealing

/// An anchor in a file of mode 0600, replaced whole and durably at each write of the vault.
///
/// It holds `PKSANCH1`, the vault's id 16, generation 8, digest 32, and BLAKE2b-256 over everything
/// before, which tells decay; it is no protection from whoever can write the file. A file beside
/// it, `NAME.lock`, keeps two processes apart and stays.
public struct FileRollbackAnchor: RollbackAnchor {
  private let file: DurableFile

  private static let magic = Array("PKSANCH1".utf8)
  private static let byteCount = 96

  /// Names the file, which is made with the first mark; its folder must exist.
  public init(path: String) {
    file = DurableFile(path: path)
  }

  /// What was seen last; nothing when there is no file.
  public func last() throws(AnchorError) -> AnchorMark? {
    do throws(DurableFile.Problem) {
      guard let bytes = try file.read(limit: Self.byteCount) else { return nil }
      guard let mark = Self.decode(bytes) else { throw DurableFile.Problem.notUsable }
      return mark
    } catch {
      throw AnchorError(error)
    }
  }

  /// Remembers a mark; it is on disk when this returns.
  public func advance(to mark: AnchorMark) throws(AnchorError) {
    try changing { () throws(DurableFile.Problem) in
      let kept = try file.read(limit: Self.byteCount)
      if let kept {
        guard let last = Self.decode(kept) else { throw .notUsable }
        guard mark.follows(last), mark != last else { return }
      }
      try file.replace(with: Self.encode(mark))
    }
  }

  /// Removes the file.
  public func forget() throws(AnchorError) {
    try changing { () throws(DurableFile.Problem) in try file.remove() }
  }

  private func changing(
    _ body: () throws(DurableFile.Problem) -> Void
  ) throws(AnchorError) {
    do throws(DurableFile.Problem) {
      try file.withLock(body)
    } catch {
      throw AnchorError(error)
    }
  }

  private static func encode(_ mark: AnchorMark) -> [UInt8] {
    var writer = ByteWriter(reservingCapacity: byteCount)
    writer.writeFixed(magic)
    writer.writeFixed(mark.vaultID)
    writer.write(mark.generation)
    writer.writeFixed(mark.digest)
    return writer.bytes + Hashing.blake2b256(of: writer.bytes.span)
  }

  private static func decode(_ bytes: [UInt8]) -> AnchorMark? {
    guard bytes.count == byteCount, bytes.starts(with: magic) else { return nil }
    let content = Array(bytes[..<64])
    guard Hashing.blake2b256(of: content.span)[...] == bytes[64...] else { return nil }
    let generation = bytes[24..<32].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return AnchorMark(
      vaultID: Array(bytes[8..<24]), generation: generation, digest: Array(bytes[32..<64]))
  }
}

extension AnchorError {
  init(_ problem: DurableFile.Problem) {
    switch problem {
    case .exposed(let mode): self = .permissionsTooOpen(mode: mode)
    case .notUsable: self = .damaged
    case .system(let code): self = .failed(code: code)
    }
  }
}
