// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Glibc
internal import JSON
package import Logging

/// Log lines as JSON objects on standard error, one a line: `time`, `level`, `message`, and the facts under their names.
/// A fact whose name is taken stands below `fields`.
package struct JSONLogHandler: LogHandler {
  package var logLevel = Logger.Level.notice
  package var metadata = Logger.Metadata()
  package var metadataProvider: Logger.MetadataProvider?

  private static let ownNames: Set<String> = ["time", "level", "message", "fields"]

  package init() {}

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    var facts = merged(event.metadata)
    if let error = event.error { facts["error"] = "\(error)" }
    let line = Self.line(
      level: event.level, message: "\(event.message)", metadata: facts,
      time: WallClock.system.nanoseconds)
    // One call a line, so that lines of many threads do not mix.
    line.withUnsafeBytes { bytes in
      var at = 0
      while at < bytes.count {
        let count = write(STDERR_FILENO, bytes.baseAddress.map { $0 + at }, bytes.count - at)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return }
        at += count
      }
    }
  }

  private func merged(_ own: Logger.Metadata?) -> Logger.Metadata {
    var all = metadata
    for (key, value) in metadataProvider?.get() ?? [:] { all[key] = value }
    for (key, value) in own ?? [:] { all[key] = value }
    return all
  }

  package static func line(
    level: Logger.Level, message: String, metadata: Logger.Metadata, time: Int64
  ) -> [UInt8] {
    var members: JSON.Members = [
      "time": .string(RFC3339.text(time)), "level": .string(level.rawValue), "message": .string(message),
    ]
    var fields: JSON.Members = [:]
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      if ownNames.contains(key) {
        fields.append(key, json(value))
      } else {
        members.append(key, json(value))
      }
    }
    if !fields.isEmpty { members.append("fields", .object(fields)) }
    return JSON.object(members).bytes + [UInt8(ascii: "\n")]
  }

  private static func json(_ value: Logger.Metadata.Value) -> JSON {
    switch value {
    case .string(let text): .string(text)
    case .stringConvertible(let value): .string("\(value)")
    case .array(let values): .array(values.map(json))
    case .dictionary(let values):
      .object(
        JSON.Members(values.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: json($0.value)) }))
    }
  }
}
