// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import DeviceAPI

@Suite struct SHA256Tests {
  private func hash(_ pieces: [[UInt8]]) -> String {
    var hash = SHA256()
    for piece in pieces { piece.withUnsafeBytes { hash.update($0) } }
    return SHA256.hexadecimal(hash.finish())
  }

  // FIPS 180-4's examples.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func `known texts have their known hashes`(_ text: String, _ expected: String) {
    #expect(hash([Array(text.utf8)]) == expected)
  }

  @Test func `a million times a`() {
    let piece = [UInt8](repeating: UInt8(ascii: "a"), count: 10_000)
    #expect(
      hash(Array(repeating: piece, count: 100))
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test func `how the text is cut does not matter`() {
    let text = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let whole = hash([text])
    for cut in 0...300 { #expect(hash([Array(text[..<cut]), Array(text[cut...])]) == whole) }
  }
}
