// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// `modules.eventBus.spool`: telemetry that waits on disk for a broker that is away.
package struct SpoolConfiguration: Sendable, Equatable {
  package var enable = true
  /// For each broker. Beyond it the oldest messages go.
  package var maxBytes = 256 << 20
  /// Seconds; older messages go.
  package var maxAge = 7 * 86_400
  /// Messages a second that are replayed beside the fresh ones; 0: as fast as the broker takes them.
  package var replayRate = 2_000

  package init() {}

  static let bytes = (1 << 20)...(1 << 40)
  static let ages = 60...(366 * 86_400)
  static let rates = 0...1_000_000
}

extension SpoolConfiguration: ConfigurationSection {
  mutating func read(_ section: SectionReader) {
    section.read("enable", into: &enable)
    section.read("maxBytes", into: &maxBytes, in: Self.bytes)
    if let text = section.keys.string("maxAge") {
      if let seconds = Self.seconds(text), Self.ages.contains(seconds) {
        maxAge = seconds
      } else {
        section.keys.report(
          "maxAge", value: YAMLNode.shortened(text),
          expected: "a time from 1m to 366d, such as 90m, 12h or 7d")
      }
    }
    section.read("replayRate", into: &replayRate, in: Self.rates)
  }

  /// Whole seconds.
  private static func seconds(_ text: String) -> Int? {
    if text.hasSuffix("d") {
      return Int(text.dropLast()).flatMap { $0 > 0 && $0 < 10_000 ? $0 * 86_400 : nil }
    }
    return Duration(parsing: text).map { Int($0.components.seconds) }
  }

  private static func text(_ seconds: Int) -> String {
    for (unit, size) in [("d", 86_400), ("h", 3_600), ("m", 60)] where seconds % size == 0 {
      return "\(seconds / size)\(unit)"
    }
    return "\(seconds)s"
  }

  var members: JSON.Members {
    [
      "enable": .bool(enable), "maxBytes": .int(Int64(maxBytes)), "maxAge": .string(Self.text(maxAge)),
      "replayRate": .int(Int64(replayRate)),
    ]
  }
}
