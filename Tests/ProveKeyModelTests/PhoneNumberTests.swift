import ProveKeyModel
import Testing

struct PhoneNumberTests {
  private func problem(_ text: String) -> PhoneNumberProblem? {
    do throws(ModelError) {
      _ = try PhoneNumber(text)
      return nil
    } catch {
      guard case .phoneNumber(let problem) = error else { return nil }
      return problem
    }
  }

  // MARK: - What is read

  @Test("ten digits, eleven that begin with 1, and +1 with ten digits are one American number")
  func northAmerica() throws {
    for text in ["2001004014", "12001004014", "+12001004014"] {
      #expect(try PhoneNumber(text).e164 == "+12001004014")
    }
  }

  @Test("2001004029 and +2001004029 are different numbers and stay different")
  func trap() throws {
    let american = try PhoneNumber("2001004029")
    let international = try PhoneNumber("+2001004029")
    #expect(american.e164 == "+12001004029")
    #expect(international.e164 == "+2001004029")
    #expect(american != international)
    #expect(american.digits == 12_001_004_029)
    #expect(international.digits == 2_001_004_029)
    #expect(american.redacted != international.redacted)
  }

  @Test("ten digits that begin with 1 are still a subscriber number after +1, as sent")
  func tenDigitsWithOne() throws {
    #expect(try PhoneNumber("1234567890").e164 == "+11234567890")
  }

  @Test("after a plus, 7 to 15 digits are read", arguments: 7...15)
  func lengths(count: Int) throws {
    let text = "+4" + String(repeating: "9", count: count - 1)
    #expect(try PhoneNumber(text).e164 == text)
  }

  @Test("zeros in front of ten digits, and at the end, are kept")
  func zeros() throws {
    #expect(try PhoneNumber("0000000000").e164 == "+10000000000")
    #expect(try PhoneNumber("+490000000").e164 == "+490000000")
  }

  // MARK: - What is refused

  @Test(
    "each broken rule is named",
    arguments: [
      ("", PhoneNumberProblem.empty),
      ("+1 2001004014", .characterNotAllowed), ("200-100-4014", .characterNotAllowed),
      (" 2001004014", .characterNotAllowed), ("2001004014\n", .characterNotAllowed),
      ("2001004014\u{0}", .characterNotAllowed), ("(200)1004014", .characterNotAllowed),
      ("200100401\u{664}", .characterNotAllowed),  // an Arabic-Indic 4
      ("\u{FF0B}12001004014", .characterNotAllowed),  // a fullwidth plus
      ("+1200100401\u{301}4", .characterNotAllowed),
      ("20010040l4", .lettersNotANumber), ("+1200CALLNOW", .lettersNotANumber),
      ("abc", .lettersNotANumber), ("A", .lettersNotANumber), ("z", .lettersNotANumber),
      ("++12001004014", .misplacedPlus), ("1+2001004014", .misplacedPlus),
      ("12001004014+", .misplacedPlus), ("+1200+1004014", .misplacedPlus),
      ("200100401", .countryCodeMissing), ("22001004014", .countryCodeMissing),
      ("02001004014", .countryCodeMissing), ("120010040141", .countryCodeMissing),
      ("1", .countryCodeMissing), ("123456789012345", .countryCodeMissing),
      ("+02001004014", .countryCodeZero), ("+0", .countryCodeZero),
      ("+", .tooShort), ("+1", .tooShort), ("+449999", .tooShort),
      ("+4499999999999999", .tooLong), ("1234567890123456", .tooLong),
      ("+1200100401412345", .tooLong),
      ("+1200100401", .northAmericaLength), ("+120010040144", .northAmericaLength),
      ("+1200100", .northAmericaLength),
    ])
  func refused(text: String, expected: PhoneNumberProblem) {
    #expect(problem(text) == expected)
  }

  @Test("a very long text is refused without being read as a number")
  func veryLong() {
    #expect(problem(String(repeating: "9", count: 100_000)) == .tooLong)
    #expect(problem("+" + String(repeating: "9", count: 100_000)) == .tooLong)
  }

  @Test(
    "stored digits are held to the same rules", arguments: [0, 1, 999_999, 1_200_100_401, .max])
  func storedDigits(digits: UInt64) {
    #expect(throws: ModelError.self) { try PhoneNumber(digits: digits) }
  }

  // MARK: - What is shown

  @Test("a number shows its ends only")
  func redaction() throws {
    #expect(try PhoneNumber("2001004014").redacted == "+1200***4014")
    #expect(try PhoneNumber("2001004014").description == "+1200***4014")
    #expect(try PhoneNumber("2001004014").debugDescription == "+1200***4014")
    #expect(try PhoneNumber("+2001004029").redacted == "+20***29")
    #expect(try PhoneNumber("+4499999").redacted == "+44***99")
  }

  @Test("no way of printing a number, alone or inside other values, shows it in full")
  func neverInFull() throws {
    let number = try PhoneNumber("2001004014")
    let binding = KeyRegistration.Binding(
      phoneNumber: number, proveID: nil, boundAt: try Sample.now())
    let request = KeyRequest(channel: .mobile, phoneNumber: number)
    let plan = KeyPlan(.place, for: request, boundPhoneNumber: number)
    let key = try Sample.placed().bound(to: number, proveID: nil, at: Sample.now())
    let forms =
      printedForms(of: number) + printedForms(of: binding) + printedForms(of: request)
      + printedForms(of: plan) + printedForms(of: key) + printedForms(of: key.state)
      + printedForms(of: Possession.passed(number))
      + printedForms(of: KeyDecision(.d9, .requirePossession(.bindingTooOld, then: plan)))
    #expect(forms.filter { $0.contains("2001004014") || $0.contains("0100401") } == [])
    #expect(forms.allSatisfy { $0.isEmpty == false })
  }

  @Test("at least three digits are hidden, whatever the length", arguments: 7...15)
  func hidden(count: Int) throws {
    let text = "+4" + String(repeating: "9", count: count - 1)
    let shown = try PhoneNumber(text).redacted.filter(\.isNumber).count
    #expect(count - shown >= 3)
  }

  // MARK: - Round trips

  @Test("what is read, written and read again, by text or by digits, is the same number")
  func roundTrips() throws {
    var generator = SplitMix64(seed: 4014)
    for _ in 0..<2000 {
      let first = UInt8.random(in: 1...9, using: &generator)
      let count = first == 1 ? 10 : Int.random(in: 6...14, using: &generator)
      let rest = (0..<count).map { _ in String(UInt8.random(in: 0...9, using: &generator)) }
      let text = "+\(first)" + rest.joined()
      let number = try PhoneNumber(text)
      #expect(number.e164 == text)
      #expect(try PhoneNumber(number.e164) == number)
      #expect(try PhoneNumber(digits: number.digits) == number)
      guard first == 1 else { continue }
      #expect(try PhoneNumber(String(text.dropFirst())) == number)
      #expect(try PhoneNumber(String(text.dropFirst(2))) == number)
    }
  }

  @Test("random bytes of the allowed characters are read or refused, never both and never a crash")
  func anything() {
    var generator = SplitMix64(seed: 17)
    let characters = Array("+0123456789aZ -\u{E9}")
    for _ in 0..<5000 {
      let count = Int.random(in: 0...18, using: &generator)
      let text = String(
        (0..<count).map { _ in characters[Int.random(in: 0..<16, using: &generator)] })
      let digitsOnly = text.drop { $0 == "+" }.allSatisfy { $0.isASCII && $0.isNumber }
      if problem(text) == nil { #expect(digitsOnly, "read \(text)") }
    }
  }
}
