extension StoreKeys {
  /// The element that a row contributes to the set's sum; allocates nothing.
  ///
  /// Keyed BLAKE2b-256 of (locator, version, commitment) as an integer. The key keeps anyone else
  /// from finding rows that add up to the same sum.
  /// - Parameter commitment: the sealed record's 32 bytes; see ``SealedRecord``.
  public func setElement(
    locator: Locator, version: UInt64, commitment: Span<UInt8>
  ) -> SetDigest {
    keyedDigest { hasher in
      hasher.feedPart("element")
      hasher.feed(locator.content)
      hasher.feed(version)
      hasher.feedPart(commitment)
    }
  }

  /// The element that a row contributes to the set's sum; allocates nothing.
  public func setElement(
    locator: Locator, version: UInt64, commitment: SealedRecord.Commitment
  ) -> SetDigest {
    commitment.withBytes { bytes in
      setElement(locator: locator, version: version, commitment: bytes)
    }
  }

  /// A keyed digest of generation, count and sum that may be shown: nothing of the sum can be read.
  ///
  /// - Returns: 32 bytes.
  public func stateDigest(generation: UInt64, count: UInt64, sum: SetDigest) -> [UInt8] {
    keyedDigest { hasher in
      hasher.feedPart("state")
      hasher.feed(generation)
      hasher.feed(count)
      hasher.feed(sum.bytes.span)
    }.bytes
  }

  @inline(__always)
  private func keyedDigest(_ feed: (inout Blake2b) -> Void) -> SetDigest {
    var bytes = InlineArray<32, UInt8>(repeating: 0)
    var output = bytes.mutableSpan
    hierarchy.withKey(.setIntegrity) { key in
      Blake2b.hash(key: key, into: &output, feed)
    }
    return SetDigest(thirtyTwo: bytes.span)
  }
}
