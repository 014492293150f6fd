// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// `modules.deviceTwin.history`: what is kept of the values that were.
package struct HistoryConfiguration: Sendable, Equatable {
  package var enable = true
  /// Path of the SQLite file; its folder is created.
  package var path: String
  /// How long a value is kept, as far as the sizes allow.
  package var retention = Duration.seconds(168 * 3600)
  /// What the file may hold.
  package var maxMB = 512
  /// What one property may hold of it.
  package var maxPropertyMB = 8
  /// What may wait for the disk.
  package var memoryMB = 16
  /// Samples of a block at most.
  package var blockSamples = 1024
  /// How often what is not full yet is saved: what a crash may cost.
  package var flushInterval = Duration.seconds(60)

  package init(places: Places) { path = places.history }
}

extension HistoryConfiguration: ConfigurationSection {
  mutating func read(_ section: SectionReader) {
    section.read("enable", into: &enable)
    section.readPath("path", into: &path)
    section.readDuration("retention", into: &retention, in: .seconds(60) ... .seconds(87_600 * 3600))
    section.read("maxMB", into: &maxMB, in: 1...1_048_576)
    section.read("maxPropertyMB", into: &maxPropertyMB, in: 1...1_048_576)
    section.read("memoryMB", into: &memoryMB, in: 1...4096)
    section.read("blockSamples", into: &blockSamples, in: 128...4096)
    section.readDuration("flushInterval", into: &flushInterval, in: .seconds(1) ... .seconds(3600))
  }

  var members: JSON.Members {
    [
      "enable": .bool(enable), "path": .string(path), "retention": .string(Self.text(retention)),
      "maxMB": .int(Int64(maxMB)), "maxPropertyMB": .int(Int64(maxPropertyMB)),
      "memoryMB": .int(Int64(memoryMB)), "blockSamples": .int(Int64(blockSamples)),
      "flushInterval": .string(Self.text(flushInterval)),
    ]
  }

  /// In the greatest unit that needs no decimals.
  fileprivate static func text(_ duration: Duration) -> String {
    let milliseconds =
      duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
    for (unit, size) in [("h", 3_600_000), ("m", 60_000), ("s", 1000)] as [(String, Int64)]
    where milliseconds % size == 0 {
      return "\(milliseconds / size)\(unit)"
    }
    return "\(milliseconds)ms"
  }
}

extension SectionReader {
  /// A time with its unit.
  fileprivate func readDuration(
    _ key: String, into target: inout Duration, in range: ClosedRange<Duration>
  ) {
    guard let text = keys.string(key) else { return }
    guard let duration = Self.duration(text), range.contains(duration) else {
      let least = HistoryConfiguration.text(range.lowerBound)
      let most = HistoryConfiguration.text(range.upperBound)
      keys.report(
        key, value: YAMLNode.shortened(text), expected: "a time such as 90s or 168h, from \(least) to \(most)"
      )
      return
    }
    target = duration
  }

  /// With days too.
  private static func duration(_ text: String) -> Duration? {
    guard text.hasSuffix("d") else { return Duration(parsing: text) }
    return Int64(text.dropLast()).flatMap { (1...36_500).contains($0) ? .seconds($0 * 86_400) : nil }
  }
}
