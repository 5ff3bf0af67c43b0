import Testing

@testable import ProveKeySealing

@Suite("Published vectors")
struct PublishedVectorTests {
  @Test("XChaCha20-Poly1305 gives the ciphertext of draft-irtf-cfrg-xchacha-03, A.3.1")
  func xchacha() {
    let text = Array(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
        .utf8)
    let associated = bytes("50515253c0c1c2c3c4c5c6c7")
    let key = bytes("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f")
    let nonce = bytes("404142434445464748494a4b4c4d4e4f5051525354555657")
    let expected = bytes(
      """
      bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb
      731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452
      2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9
      21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49
      """)

    var inPlace = text + [UInt8](repeating: 0, count: 16)
    var region = inPlace.mutableSpan
    XChaCha20Poly1305.seal(
      inPlace: &region, associated: associated.span, nonce: nonce.span, key: key.span)
    #expect(inPlace == expected)

    var apart = [UInt8](repeating: 0, count: text.count + 16)
    var target = apart.mutableSpan
    XChaCha20Poly1305.seal(
      text.span, into: &target, associated: associated.span, nonce: nonce.span, key: key.span)
    #expect(apart == expected)

    var opened = [UInt8](repeating: 0, count: text.count)
    var output = opened.mutableSpan
    let authentic = XChaCha20Poly1305.open(
      expected.span, into: &output, associated: associated.span, nonce: nonce.span, key: key.span)
    #expect(authentic && opened == text)
  }

  @Test("BLAKE2b-512 gives the digest of RFC 7693, appendix A")
  func blake2bUnkeyed() {
    var digest = [UInt8](repeating: 0, count: 64)
    var output = digest.mutableSpan
    Blake2b.hash(key: Span(), into: &output) { $0.feed(Array("abc".utf8).span) }
    #expect(
      hex(digest)
        == "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
        + "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923")
  }

  @Test("keyed BLAKE2b-512 gives the first digest of its authors' known-answer file")
  func blake2bKeyed() {
    let key = [UInt8](0..<64)
    var digest = [UInt8](repeating: 0, count: 64)
    var output = digest.mutableSpan
    Blake2b.hash(key: key.span, into: &output) { _ in }
    #expect(
      hex(digest)
        == "10ebb67700b1868efb4417987acf4690ae9d972fb7a590c2f02871799aaa4786"
        + "b5e996e8f0f4eb981fc214b005f42d2ff4233499391653df7aefcbc13fc51568")
  }

  @Test("BLAKE2b-256 of nothing is the known digest")
  func blake2b256() {
    let digest = Hashing.blake2b256(of: Span())
    #expect(
      hex(digest)
        == "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8")
  }

  @Test("Argon2id gives the output of libsodium's own test-suite")
  func argon2id() {
    let passphrase = bytes("b540beb016a5366524d4605156493f9874514a5aa58818cd0c6dfffaa9e90205f17b")
    let salt = bytes("44071f6d181561670bda728d43fb79b4")
    var output = [UInt8](repeating: 0, count: 231)
    var span = output.mutableSpan
    let done = Argon2id.stretch(
      passphrase.span, salt: salt.span, memoryBytes: 1_631_659, passes: 1, into: &span)
    #expect(done)
    #expect(
      output
        == bytes(
          """
          7fb72409b0987f8190c3729710e98c3f80c5a8727d425fdcde7f3644d467fe97
          3f5b5fee683bd3fce812cb9ae5e9921a2d06c2f1905e4e839692f2b934b682f1
          1a2fe2b90482ea5dd234863516dba6f52dc0702d324ec77d860c2e181f84472b
          d7104fedce071ffa93c5309494ad51623d214447a7b2b1462dc7d5d55a1f6fd5
          b54ce024118d86f0c6489d16545aaa87b6689dad9f2fb47fda9894f8e12b87d9
          78b483ccd4cc5fd9595cdc7a818452f915ce2f7df95ec12b1c72e3788d473441
          d884f9748eb14703c21b45d82fd667b85f5b2d98c13303b3fe76285531a826b6
          fc0fe8e3dddecf
          """))
  }

  @Test(
    "Ed25519 gives keys and signatures of RFC 8032, 7.1",
    arguments: [
      (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
      ),
      (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
      ),
      (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
      ),
    ])
  func ed25519(seed: String, publicKey: String, message: String, signature: String) throws {
    let secret = try SecretBytes(copying: bytes(seed).span)
    let signingKey = try Ed25519.signingKey(ofSeed: secret)
    let message = bytes(message)
    let derived = try Ed25519.publicKey(ofSeed: secret)
    #expect(hex(derived) == publicKey)
    let made = Ed25519.sign(message.span, with: signingKey)
    #expect(hex(made) == signature)
    #expect(verifies(bytes(signature), message, bytes(publicKey)))
  }
}
