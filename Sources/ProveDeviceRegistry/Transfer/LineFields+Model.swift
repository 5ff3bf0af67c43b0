package import JSONLines
package import ProveKeyModel
import ProveKeySealing

// Fields of the model's types, read in the one way for documents and for the registry's shell.

extension LineFields {
  /// An id.
  package func identifier<ID: Identifier>(
    _ name: String, as type: ID.Type = ID.self
  ) throws(LineRefusal) -> ID {
    guard let id = ID(try text(name)) else {
      throw .invalid(name, "1 to 255 bytes of UTF-8 without control characters")
    }
    return id
  }

  /// An id; nothing when the field was not given.
  package func optionalIdentifier<ID: Identifier>(
    _ name: String, as type: ID.Type = ID.self
  ) throws(LineRefusal) -> ID? {
    self[name] == nil ? nil : try identifier(name)
  }

  /// A phone number in E.164.
  package func phoneNumber(_ name: String) throws(LineRefusal) -> PhoneNumber {
    let text = try text(name)
    do {
      let number = try PhoneNumber(text)
      if number.e164 == text { return number }
    } catch {}  // told below, with the spelling that is not E.164
    throw .invalid(name, "a number in E.164, as +12001004029")
  }

  /// A phone number; nothing when the field was not given.
  package func optionalPhoneNumber(_ name: String) throws(LineRefusal) -> PhoneNumber? {
    self[name] == nil ? nil : try phoneNumber(name)
  }

  /// An instant in ISO 8601 and UTC.
  package func instant(_ name: String) throws(LineRefusal) -> UTCInstant {
    guard let instant = UTCInstant(iso8601: try text(name)) else {
      throw .invalid(name, "an instant like 2026-01-31T00:00:00.000Z")
    }
    return instant
  }

  /// An instant; nothing when the field was not given.
  package func optionalInstant(_ name: String) throws(LineRefusal) -> UTCInstant? {
    self[name] == nil ? nil : try instant(name)
  }

  /// Bytes in URL-safe Base64 without padding.
  package func base64URL(_ name: String) throws(LineRefusal) -> [UInt8] {
    guard let bytes = Base64URL.decode(try text(name)) else {
      throw .invalid(name, "URL-safe Base64 without padding")
    }
    return bytes
  }

  /// The fields of an inner object; nothing when the field was not given.
  package func optionalObject(
    _ name: String, known: [LineField]
  ) throws(LineRefusal) -> LineFields? {
    guard let value = self[name] else { return nil }
    guard case .object(let members) = value else { throw .invalid(name, "an object") }
    return try LineFields(members, known: known, of: "'\(name)'")
  }
}
