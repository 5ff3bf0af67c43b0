import Foundation
import ProveDeviceRegistry
import ProveKeyModel

/// Reads and writes the JSON of the wire.
///
/// - W1: a body is a JSON object of less than 4 KB, or the request is malformed (8001).
/// - W2: a field of the wrong JSON type, or one that is missing, is named (1001).
/// - W3: what has no value is left out of an answer; nothing is ever `null`.
package enum WireCodec: Sendable {
  /// Reads a body.
  /// - Throws: ``UnifyError/malformedRequest``; ``UnifyError/invalidField(_:)``.
  package static func decode<Value: Decodable>(
    _ type: Value.Type, from body: [UInt8]
  ) throws(UnifyError) -> Value {
    guard body.count < UnifyLimits.requestBytes else { throw .malformedRequest }
    do {
      return try JSONDecoder().decode(type, from: Data(body))
    } catch let error as UnifyError {
      throw error
    } catch let error as ModelError {
      throw UnifyError(error)
    } catch let DecodingError.keyNotFound(key, context) {
      throw .invalidField(name(context.codingPath + [key]))
    } catch let DecodingError.typeMismatch(_, context),
      let DecodingError.valueNotFound(_, context)
    {
      guard !context.codingPath.isEmpty else { throw .malformedRequest }
      throw .invalidField(name(context.codingPath))
    } catch let DecodingError.dataCorrupted(context) where !context.codingPath.isEmpty {
      throw .invalidField(name(context.codingPath))
    } catch { throw .malformedRequest }
  }

  /// Writes a body, members in the order of their names.
  package static func encode(_ value: some Encodable) throws(UnifyError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do { return [UInt8](try encoder.encode(value)) } catch {
      throw .registry(.damaged(table: "answer"))
    }
  }

  /// Only names that are ours reach the message, never a member that the request made up.
  private static func name(_ path: [any CodingKey]) -> String {
    path.map(\.stringValue).joined(separator: ".")
  }
}

extension KeyedDecodingContainer {
  /// Reads bytes in base64url without padding.
  func bytes(_ key: Key) throws -> [UInt8] {
    let text = try decode(String.self, forKey: key)
    guard let bytes = WireText.bytes(text) else {
      throw UnifyError.invalidField(key.stringValue)
    }
    return bytes
  }

  /// Reads an identifier.
  func identifier<ID: Identifier>(_ type: ID.Type, _ key: Key) throws -> ID {
    guard let id = ID(try decode(String.self, forKey: key)) else {
      throw UnifyError.invalidField(key.stringValue)
    }
    return id
  }

  /// Reads one of the names of a type.
  func name<Value: RawRepresentable<String>>(_ type: Value.Type, _ key: Key) throws -> Value {
    guard let value = Value(rawValue: try decode(String.self, forKey: key)) else {
      throw UnifyError.invalidField(key.stringValue)
    }
    return value
  }

  /// Reads one of the names of a type, or nothing where there is none.
  func nameIfPresent<Value: RawRepresentable<String>>(
    _ type: Value.Type, _ key: Key
  ) throws -> Value? {
    try decodeIfPresent(String.self, forKey: key) == nil ? nil : try name(type, key)
  }
}
