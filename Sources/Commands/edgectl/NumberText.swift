// SPDX-License-Identifier: Apache-2.0

/// Numbers for people.
enum NumberText {
  /// With this many decimals, rounded.
  static func fixed(_ value: Double, decimals: Int) -> String {
    let scale = power(decimals)
    let scaled = (value * scale).rounded()
    guard value.isFinite, abs(scaled) < 1e15 else { return "\(value)" }
    let digits = String(Int64(abs(scaled)))
    let sign = scaled < 0 ? "-" : ""
    guard decimals > 0 else { return sign + digits }
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    return sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
  }

  /// As many decimals as tell values apart that differ by `resolution`.
  static func decimals(for resolution: Double) -> Int {
    var decimals = 0
    var size = resolution
    while size < 0.999_999, decimals < 9, size > 0 {
      size *= 10
      decimals += 1
    }
    return decimals
  }

  /// Six digits that matter, without zeros at the end.
  static func short(_ value: Double) -> String {
    guard value.isFinite, value != 0, abs(value) < 1e9, abs(value) >= 1e-4 else {
      return value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
    }
    var whole = 1
    var size = abs(value)
    while size >= 10 {
      size /= 10
      whole += 1
    }
    while size < 1 {
      size *= 10
      whole -= 1
    }
    var text = fixed(value, decimals: max(0, 6 - whole))
    guard text.contains(".") else { return text }
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }

  /// Events a second: `0`, `0.25`, `12`, `1.2k`, `3.4M`.
  static func rate(_ value: Double) -> String {
    switch value {
    case ..<0.005: "0"
    case ..<10: trimmed(fixed(value, decimals: value < 1 ? 2 : 1))
    case ..<1000: fixed(value, decimals: 0)
    case ..<1e6: trimmed(fixed(value / 1000, decimals: 1)) + "k"
    default: trimmed(fixed(value / 1e6, decimals: 1)) + "M"
    }
  }

  /// Bytes: `512 B`, `4.2 kB`, `17 MB`, `1.1 GB`.
  static func size(_ bytes: Int64) -> String {
    var value = Double(bytes)
    if value < 1000 { return "\(bytes) B" }
    for unit in ["kB", "MB", "GB"] {
      value /= 1000
      if value < 999.5 { return trimmed(fixed(value, decimals: value < 9.95 ? 1 : 0)) + " " + unit }
    }
    return trimmed(fixed(value / 1000, decimals: 1)) + " TB"
  }

  private static func trimmed(_ text: String) -> String {
    text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  private static func power(_ decimals: Int) -> Double {
    (0..<max(0, decimals)).reduce(1) { power, _ in power * 10 }
  }
}
