// SPDX-License-Identifier: Apache-2.0

/// One event of a stream.
struct ServerSentEvent: Equatable {
  var name: String
  var data: String
  /// Where a reader goes on after it; empty: it has none.
  var id = ""

  /// Puts events together from pieces that break anywhere. Comments and other fields are skipped.
  struct Parser {
    private var line: [UInt8] = []
    private var event = ServerSentEvent(name: "", data: "")
    private var data: [String] = []

    mutating func take(_ bytes: some Collection<UInt8>) -> [ServerSentEvent] {
      var events: [ServerSentEvent] = []
      for byte in bytes {
        guard byte == UInt8(ascii: "\n") else {
          line.append(byte)
          continue
        }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        if line.isEmpty {
          if !data.isEmpty {
            event.data = data.joined(separator: "\n")
            events.append(event)
          }
          event = ServerSentEvent(name: "", data: "")
          data = []
        } else {
          field(String(decoding: line, as: UTF8.self))
          line.removeAll(keepingCapacity: true)
        }
      }
      return events
    }

    private mutating func field(_ line: String) {
      let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      var value = parts.count > 1 ? parts[1] : ""
      if value.hasPrefix(" ") { value = value.dropFirst() }
      switch parts[0] {
      case "event": event.name = String(value)
      case "data": data.append(String(value))
      case "id": event.id = String(value)
      default: break
      }
    }
  }
}
