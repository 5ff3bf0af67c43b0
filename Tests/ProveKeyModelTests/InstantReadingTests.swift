import ProveKeyModel
import Testing

@Suite("Reading instants")
struct InstantReadingTests {
  @Test(
    "an instant is read as it is written, with up to three decimals",
    arguments: [
      ("2026-01-31T00:00:00Z", "2026-01-31T00:00:00.000Z"),
      ("2024-02-29T23:59:59.999Z", "2024-02-29T23:59:59.999Z"),
      ("0001-01-01T00:00:00.5Z", "0001-01-01T00:00:00.500Z"),
      ("9999-12-31T12:34:56.78Z", "9999-12-31T12:34:56.780Z"),
      ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
    ])
  func read(text: String, written: String) {
    #expect(UTCInstant(iso8601: text)?.iso8601 == written)
  }

  @Test(
    "anything else is no instant",
    arguments: [
      "", "2026-01-31", "2026-01-31T00:00:00", "2026-01-31 00:00:00Z", "2026-02-29T00:00:00Z",
      "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "0000-01-01T00:00:00Z",
      "2026-01-31T24:00:00Z", "2026-01-31T00:60:00Z", "2026-01-31T00:00:60Z",
      "2026-01-31T00:00:00.Z", "2026-01-31T00:00:00.1234Z", "2026-01-31T00:00:00+00:00",
      "+026-01-31T00:00:00Z", "2026-01-31T00:00:00ZZ", "2026-1-31T00:00:00Z",
    ])
  func refused(text: String) {
    #expect(UTCInstant(iso8601: text) == nil)
  }
}
