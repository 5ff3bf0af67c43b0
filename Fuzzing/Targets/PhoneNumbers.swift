import ProveKeyModel

/// A phone number that was read reads again from the text it gives, and is the same number.
func fuzz(_ bytes: [UInt8]) {
  let text = String(decoding: bytes, as: UTF8.self)
  guard let number = try? PhoneNumber(text) else { return }  // refused, as most texts are
  guard let again = try? PhoneNumber(number.e164) else { fatalError("its own text is refused") }
  precondition(again == number)
}
