/// Wraps a root key into a header and unwraps it again.
enum RootWrapping {
  /// Makes a header around the root of `hierarchy`; 32 bytes are encrypted, whatever the store's size.
  static func wrap(
    _ hierarchy: borrowing KeyHierarchy, kind: StoreKind, storeID: StoreID, unlock: UnlockMethod,
    entropy: Entropy
  ) throws(SealingError) -> [UInt8] {
    let key = try KeyEncryptionKey.make(
      for: unlock, KeyEncryptionKey.Place(kind: kind.rawValue, storeID: storeID), entropy: entropy)
    var nonce = [UInt8](repeating: 0, count: StoreHeader.nonceCount)
    var nonceSpan = nonce.mutableSpan
    entropy.fill(&nonceSpan)
    var header = StoreHeader(
      kind: kind.rawValue, storeID: storeID, parameters: key.parameters, nonce: nonce,
      keyCheck: [], wrappedRoot: [], mac: [])
    key.withWrappingPair(nonce: nonce.span) { wrappingKey, check in
      header.keyCheck = check.copied
      let associated = header.associatedBytes
      var wrapped = [UInt8](repeating: 0, count: StoreHeader.wrappedRootCount)
      var region = wrapped.mutableSpan
      hierarchy.withKey(.root) { root in
        XChaCha20Poly1305.seal(
          root, into: &region, associated: associated.span, nonce: nonce.span, key: wrappingKey)
      }
      header.wrappedRoot = wrapped
    }
    header.mac = mac(of: header, hierarchy)
    return header.bytes
  }

  /// Reads a header and yields the hierarchy under its root.
  static func unwrap(
    _ header: StoreHeader, kind: StoreKind, unlock: UnlockMethod
  ) throws(SealingError) -> KeyHierarchy {
    guard header.kind == kind.rawValue else { throw .wrongKind }
    let key = try KeyEncryptionKey.derive(
      header.parameters, unlock,
      KeyEncryptionKey.Place(kind: header.kind, storeID: header.storeID))
    let hierarchy = try key.withWrappingPair(
      nonce: header.nonce.span
    ) { wrappingKey, check throws(SealingError) in
      guard check.isEqualInConstantTime(to: header.keyCheck.span) else {
        throw wrongKey(unlock)
      }
      return try KeyHierarchy { root throws(SealingError) in
        let authentic = XChaCha20Poly1305.open(
          header.wrappedRoot.span, into: &root, associated: header.associatedBytes.span,
          nonce: header.nonce.span, key: wrappingKey)
        guard authentic else { throw .tampered(.header) }
      }
    }
    guard mac(of: header, hierarchy).span.isEqualInConstantTime(to: header.mac.span) else {
      throw .tampered(.header)
    }
    return hierarchy
  }

  private static func wrongKey(_ unlock: UnlockMethod) -> SealingError {
    switch unlock {
    case .rawKey: .wrongKey
    case .passphrase: .wrongPassphrase
    case .keyFile: .keyFile(.wrongKey)
    case .provider(let provider): .provider(provider.name)
    // The value was checked before: it is the secret of the method within.
    case .entangled(let method, _): wrongKey(method)
    }
  }

  private static func mac(of header: StoreHeader, _ hierarchy: borrowing KeyHierarchy) -> [UInt8] {
    let content = header.associatedBytes + header.wrappedRoot
    var mac = [UInt8](repeating: 0, count: StoreHeader.hashCount)
    var output = mac.mutableSpan
    hierarchy.withKey(.headerMAC) { key in
      Blake2b.hash(key: key, into: &output) { hasher in
        hasher.feedPart("prove-key-store header 1")
        hasher.feed(content.span)
      }
    }
    return mac
  }
}
