import CFaultVFS
import Foundation
import ProveKeyModel
import ProveKeySealing
import ProveKeyVault
import Testing

/// Attacks with pages instead of rows, by someone who keeps older copies of the closed file.
///
/// Whatever is done, the vault refuses with a typed error or gives the newest answers.
@Suite("pages put back, exchanged or spliced")
struct PageTamperingTests {
  let fixture: VaultFixture

  init() throws { fixture = try VaultFixture() }

  private static let pageCount = 4096

  /// A vault of which an older copy was kept.
  private struct Made {
    var older: [UInt8]
    var newer: [UInt8]
    var removed: ProveKey
    var kept: ProveKey
    var lastCounter: UInt64
  }

  /// Since the older copy a key was removed, an item changed, and values of the counter given out.
  private func make(_ name: String = "device.vault") throws -> Made {
    let vault = try fixture.open(name)
    let removed = try vault.confirmKey(vault.placeKey(in: scope()).deviceID, in: scope())
    let kept = try vault.confirmKey(vault.placeKey(in: scope()).deviceID, in: scope())
    _ = try vault.sign(challenge, with: kept)
    let storage = try vault.localStorage(for: "https://shop.example")
    for number in 0..<20 {
      try storage.setItem("item \(number)", String(repeating: "old", count: 60))
    }
    try vault.close()
    let older = try fixture.bytes(name)
    let again = try fixture.open(name)
    try again.removeKey(removed.deviceID)
    try again.localStorage(for: "https://shop.example").setItem("item 7", "new")
    var last: UInt64 = 0
    for _ in 0..<70 { last = try #require(try again.sign(challenge, with: kept).counter) }
    try again.close()
    return Made(
      older: older, newer: try fixture.bytes(name), removed: removed, kept: kept, lastCounter: last)
  }

  /// Whether the file was refused; when not, the answers must be the newest.
  private func isRefused(_ bytes: [UInt8], _ made: Made, _ comment: Comment) throws -> Bool {
    try fixture.remove("attacked")
    try fixture.write(bytes, to: "attacked")
    let error = try vaultError {
      let vault = try fixture.open("attacked")
      #expect(try vault.key(made.removed.deviceID) == nil, comment)
      #expect(try vault.keys(in: scope()) == [made.kept], comment)
      let storage = try vault.localStorage(for: "https://shop.example")
      #expect(try storage.count == 20, comment)
      #expect(try storage.getItem("item 7") == "new", comment)
      let counter = try vault.sign(challenge, with: made.kept).counter
      #expect(try #require(counter) > made.lastCounter, comment)
    }
    return error != nil
  }

  private func pages(_ bytes: [UInt8]) -> [[UInt8]] {
    stride(from: 0, to: bytes.count, by: Self.pageCount).map { start in
      Array(bytes[start..<min(start + Self.pageCount, bytes.count)])
    }
  }

  @Test("any page of an older copy put back is refused, or it was the newest anyway (V2)")
  func olderPage() throws {
    let made = try make()
    let (older, newer) = (pages(made.older), pages(made.newer))
    let changed = newer.indices.filter { $0 < older.count && older[$0] != newer[$0] }
    var refused = 0
    for index in changed {
      var attacked = newer
      attacked[index] = older[index]
      let isRefused = try isRefused(Array(attacked.joined()), made, "page \(index + 1)")
      refused += isRefused ? 1 : 0
    }
    // The rest are free pages, whose content nobody reads, and SQLite's own counters.
    #expect(refused > 2)
  }

  @Test("any two older pages put back together are refused, or held nothing (V2)")
  func olderPages() throws {
    let made = try make()
    let (older, newer) = (pages(made.older), pages(made.newer))
    let changed = newer.indices.filter { $0 < older.count && older[$0] != newer[$0] }
    var refused = 0
    for first in changed {
      for second in changed where second > first {
        var attacked = newer
        attacked[first] = older[first]
        attacked[second] = older[second]
        let isRefused = try isRefused(
          Array(attacked.joined()), made, "pages \(first + 1), \(second + 1)")
        refused += isRefused ? 1 : 0
      }
    }
    #expect(refused > 2)
  }

  @Test("any two pages that change places give a typed error or the right answers (V2)")
  func swappedPages() throws {
    let made = try make()
    let newer = pages(made.newer)
    var refused = 0
    for first in newer.indices {
      for second in newer.indices where second > first {
        var attacked = newer
        attacked.swapAt(first, second)
        let isRefused = try isRefused(
          Array(attacked.joined()), made, "pages \(first + 1), \(second + 1)")
        refused += isRefused ? 1 : 0
      }
    }
    #expect(refused > 10)
  }

  @Test("a page of another vault with the same key is refused, or held nothing (V2)")
  func foreignPage() throws {
    let made = try make()
    let other = try make("other.vault")
    let (own, foreign) = (pages(made.newer), pages(other.newer))
    var refused = 0
    for index in own.indices where index < foreign.count && own[index] != foreign[index] {
      var attacked = own
      attacked[index] = foreign[index]
      let isRefused = try isRefused(Array(attacked.joined()), made, "page \(index + 1)")
      refused += isRefused ? 1 : 0
    }
    #expect(refused > 2)
  }

  @Test("an index edited through SQLite's own schema table never hides or shows a key (V2, V4)")
  func editedIndex() throws {
    let made = try make()
    let edits = [
      // Rows that change while the index is looked away from, and it then comes back as it was.
      """
      PRAGMA writable_schema = ON;
      CREATE TABLE kept AS SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema
        WHERE name = 'record_by_namespace';
      DELETE FROM sqlite_schema WHERE name = 'record_by_namespace';
      PRAGMA writable_schema = RESET;
      UPDATE record SET namespace = zeroblob(16) WHERE version = (SELECT max(version) FROM record);
      PRAGMA writable_schema = ON;
      INSERT INTO sqlite_schema SELECT * FROM kept;
      DELETE FROM sqlite_schema WHERE name = 'kept';
      """,
      // An index over something else under the old text, and one that is empty.
      """
      PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'epoch')
        WHERE name = 'record_by_namespace';
      """,
      """
      PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'record')
        WHERE name = 'record_by_namespace';
      """,
      """
      PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET sql = 'CREATE INDEX record_by_namespace ON record (locator, namespace)'
        WHERE name = 'record_by_namespace';
      """,
      """
      PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (length(locator) = 16)', '')
        WHERE name = 'record';
      """,
    ]
    for (number, sql) in edits.enumerated() {
      try fixture.write(made.newer, to: "edited")
      #expect(unsafe pks_execute(fixture.path("edited"), sql) == 0, "edit \(number)")
      let bytes = try fixture.bytes("edited")
      #expect(bytes != made.newer, "edit \(number)")
      #expect(try isRefused(bytes, made, "edit \(number)"), "edit \(number)")
    }
  }
}
