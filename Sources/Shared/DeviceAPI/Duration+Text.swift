// SPDX-License-Identifier: Apache-2.0

extension Duration {
  /// Reads `500ms`, `5s`, `1.5s`, `2m` or `1h`; nil when the text is not one, or below zero.
  ///
  /// The unit is required: "5" could mean anything.
  package init?(parsing text: some StringProtocol) {
    let units: [(String, Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)]
    guard let (unit, seconds) = units.first(where: { text.hasSuffix($0.0) }) else { return nil }
    let digits = text.dropLast(unit.count)
    guard let first = digits.utf8.first, first >= UInt8(ascii: "0"), first <= UInt8(ascii: "9"),
      digits.utf8.allSatisfy({
        ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")) || $0 == UInt8(ascii: ".")
      }),
      let count = Double(digits), count * seconds <= 1e9
    else { return nil }
    self = .milliseconds(Int64((count * seconds * 1000).rounded()))
  }
}
