// SPDX-License-Identifier: Apache-2.0

/// Durations as Go writes them, which Kubernetes uses: `1h30m`, `250ms`, `1.5s`.
package enum GoDuration {
  /// Milliseconds, rounded; a bare whole number is milliseconds already. Nil when the text is neither,
  /// below zero, or beyond 100 years.
  package static func milliseconds(_ text: String) -> Int? {
    let limit = 100 * 366 * 86_400_000.0
    if let bare = Int(text) {
      return bare >= 0 && Double(bare) <= limit && isDigit(text.utf8.first) ? bare : nil
    }
    var rest = text[...]
    var total = 0.0
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { isDigit($0.utf8.first) || $0 == "." }
      rest = rest.dropFirst(digits.count)
      let unit = rest.prefix { !isDigit($0.utf8.first) && $0 != "." }
      rest = rest.dropFirst(unit.count)
      guard isDigit(digits.utf8.first) || digits.count > 1, let count = Double(digits),
        let factor = Self.factor(unit)
      else { return nil }
      total += count * factor
    }
    return total <= limit ? Int(total.rounded()) : nil
  }

  private static func factor(_ unit: Substring) -> Double? {
    switch unit {
    case "ns": 1e-6
    case "us", "µs", "μs": 1e-3
    case "ms": 1
    case "s": 1000
    case "m": 60_000
    case "h": 3_600_000
    default: nil
    }
  }

  private static func isDigit(_ byte: UInt8?) -> Bool {
    guard let byte else { return false }
    return byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }
}
