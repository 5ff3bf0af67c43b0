extension StoreKeys {
  /// The locator of a domain that has one thing in it.
  public func locator(_ domain: String) -> Locator {
    locator(domain) { _ in }
  }

  /// The locator of a name; allocates nothing.
  ///
  /// All overloads hash alike: keyed BLAKE2b-128 of (domain, part...), each led by its length, so
  /// that `("ab", "c")` and `("a", "bc")` differ. Texts count as their UTF-8, not normalised.
  public func locator(_ domain: String, _ name: String) -> Locator {
    locator(domain) { $0.feedPart(name) }
  }

  /// The locator of a name in a scope; allocates nothing.
  public func locator(_ domain: String, _ scope: String, _ name: String) -> Locator {
    locator(domain) { hasher in
      hasher.feedPart(scope)
      hasher.feedPart(name)
    }
  }

  /// The locator of a list of texts.
  public func locator(
    _ domain: String, _ first: String, _ second: String, _ third: String, _ more: String...
  ) -> Locator {
    locator(domain) { hasher in
      hasher.feedPart(first)
      hasher.feedPart(second)
      hasher.feedPart(third)
      for part in more { hasher.feedPart(part) }
    }
  }

  /// The locator of a list of byte strings.
  public func locator(_ domain: String, _ parts: [UInt8]...) -> Locator {
    locator(domain) { hasher in
      for part in parts { hasher.feedPart(part.span) }
    }
  }

  /// The locator of bytes in a scope; allocates nothing.
  public func locator(_ domain: String, _ scope: Span<UInt8>, _ name: Span<UInt8>) -> Locator {
    locator(domain) { hasher in
      hasher.feedPart(scope)
      hasher.feedPart(name)
    }
  }

  @inline(__always)
  private func locator(_ domain: String, _ feed: (inout Blake2b) -> Void) -> Locator {
    hierarchy.withKey(.locators) { key in
      Locator(
        Bytes16 { output in
          Blake2b.hash(key: key, into: &output) { hasher in
            hasher.feedPart(domain)
            feed(&hasher)
          }
        })
    }
  }
}
