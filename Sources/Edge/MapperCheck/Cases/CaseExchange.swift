// SPDX-License-Identifier: Apache-2.0

/// `exchange.txt` of a case: what the device on the other end of a wire hears and says.
///
///     serial                      first: the wire is a serial line; else it is a TCP connection
///     < 00 01 .. "GET" 0d 0a      the mapper sends these bytes; `..` is any byte
///     > 00 01 00 00               the device sends these
///     close                       the device closes the connection; the mapper may connect again
///
/// All that the mapper sends is in it. A text in quotes stands for its bytes in UTF-8. Empty lines and lines that begin
/// with `#` are left out.
struct CaseExchange {
  enum Step: Equatable {
    /// Nil: any byte.
    case hear([UInt8?])
    case say([UInt8])
    case close
  }

  let isSerial: Bool
  let steps: [(line: Int, step: Step)]

  init(_ text: String, file: String) throws(CheckEnd) {
    var steps: [(line: Int, step: Step)] = []
    var isSerial = false
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let line = line.drop { $0 == " " }
      if line.isEmpty || line.hasPrefix("#") { continue }
      if line == "serial", steps.isEmpty, !isSerial {
        isSerial = true
        continue
      }
      guard let step = Self.step(line), step != .close || !isSerial else {
        throw .failed(
          expected:
            "serial (first), <, > or close (of a connection); bytes in hexadecimal, .. or texts in quotes",
          seen: "\(file):\(index + 1): \(line)")
      }
      steps.append((index + 1, step))
    }
    self.isSerial = isSerial
    self.steps = steps
  }

  private static func step(_ line: Substring) -> Step? {
    if line == "close" { return .close }
    guard let bytes = bytes(line.dropFirst()), !bytes.isEmpty else { return nil }
    switch line.first {
    case "<": return .hear(bytes)
    case ">":
      let known = bytes.compactMap(\.self)
      return known.count == bytes.count ? .say(known) : nil
    default: return nil
    }
  }

  private static func bytes(_ text: Substring) -> [UInt8?]? {
    var rest = text
    var bytes: [UInt8?] = []
    while true {
      rest = rest.drop { $0 == " " }
      guard let first = rest.first else { return bytes }
      if first == "\"" {
        rest = rest.dropFirst()
        guard let end = rest.firstIndex(of: "\"") else { return nil }
        bytes += rest[..<end].utf8.map { Optional($0) }
        rest = rest[rest.index(after: end)...]
        continue
      }
      let word = rest.prefix { $0 != " " }
      rest = rest[word.endIndex...]
      if word == ".." {
        bytes.append(nil)
      } else if word.utf8.count == 2, let byte = UInt8(word, radix: 16) {
        bytes.append(byte)
      } else {
        return nil
      }
    }
  }
}
