// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// Secrets that the agent makes: 256 random bits as text, kept as their SHA-256. A hash that takes long is for passwords;
/// nobody guesses these.
enum Secret {
  static let tokenPrefix = "sel_"
  /// Of the random part: 32 bytes in base64 for URLs, without padding.
  private static let length = 43

  /// From the system's source of randomness.
  static func make(prefix: String) -> String {
    var generator = SystemRandomNumberGenerator()
    var bytes: [UInt8] = []
    for _ in 0..<4 { withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0) } }
    let text = Base64.encode(bytes).map { character -> Character in
      switch character {
      case "+": "-"
      case "/": "_"
      default: character
      }
    }
    return prefix + String(text.prefix(length))
  }

  static func hash(_ secret: String) -> [UInt8] { SHA256.hash(Array(secret.utf8)) }

  /// In a time that does not tell where two hashes differ.
  static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for index in left.indices { difference |= left[index] ^ right[index] }
    return difference == 0
  }
}
