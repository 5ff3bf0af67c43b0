import Testing

@testable import SQLiteDatabase

@Suite("A check that cannot read a page")
struct UnreadPageTests {
  @Test("tells of the disk or of memory, not of damage")
  func failures() throws {
    let kinds: [(String, DatabaseError.Kind)] = [
      ("*** in database main ***\nPage 5: unable to get the page. error code=266", .inputOutput),
      ("Tree 4 page 5: unable to get the page. error code=7", .outOfMemory),
      ("Main freelist: failed to get page 9", .inputOutput),
    ]
    for (finding, kind) in kinds {
      #expect(DatabaseError(unreadPageIn: finding)?.kind == kind, "\(finding)")
    }
  }

  @Test("is damage where the page itself is damaged")
  func damage() {
    for finding in [
      "ok", "Page 5: unable to get the page. error code=11", "Page 5 is never used",
      "Page 5: btreeInitPage() returns error code 11",
    ] {
      #expect(DatabaseError(unreadPageIn: finding) == nil, "\(finding)")
    }
  }
}
