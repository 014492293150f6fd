// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HummingbirdCore
internal import JSON
internal import NIOCore

/// The samples of some properties as a file: property by property, each in the order of time, a page at a
/// time. The next page is read once the connection has taken the one before.
struct HistoryExport: Sendable {
  enum Format: String, Sendable {
    case csv
    case jsonl

    var type: String { self == .csv ? "text/csv; charset=utf-8" : "application/jsonl" }
  }

  /// Samples of a page.
  private static let page = 5000
  /// So often a page is asked for while too many queries wait.
  private static let attempts = 100

  let history: any HistoryService
  let device: DeviceName
  let properties: [String]
  let from: Int64
  let to: Int64
  let format: Format

  /// A page, or why there is none.
  struct Page: Sendable {
    var samples: [HistorySample] = []
    /// Where the next one of this property begins; nil: this is its last.
    var next: Int64?
  }

  /// A property without a sample has an empty page.
  func page(of property: String, from: Int64) async throws(HistoryError) -> Page {
    let query = HistoryQuery(
      device: device, property: property, from: from, to: to, step: nil, limit: Self.page)
    var left = Self.attempts
    while true {
      do throws(HistoryError) {
        let answer = try await history.history(query)
        guard case .samples(let samples) = answer.rows else { return Page() }
        return Page(samples: samples, next: answer.next)
      } catch .busy where left > 0 {
        left -= 1
        // An export waits for others; who is gone shows at the next write.
        try? await Task.sleep(for: .milliseconds(50))
      } catch .propertyNotFound {
        return Page()
      }
    }
  }

  /// - Parameter first: the first property's first page, which was read before the answer began, so that
  /// what goes wrong
  ///   at once is a problem and no file that ends early.
  func write(_ first: Page, to writer: inout any ResponseBodyWriter) async throws {
    if format == .csv { try await writer.write(ByteBuffer(string: "time,property,value,quality\n")) }
    for (place, property) in properties.enumerated() {
      var page = place == 0 ? first : try await self.page(of: property, from: from)
      while true {
        if !page.samples.isEmpty { try await writer.write(lines(page.samples, of: property)) }
        guard let next = page.next else { break }
        try Task.checkCancellation()
        page = try await self.page(of: property, from: next)
      }
    }
  }

  private func lines(_ samples: [HistorySample], of property: String) -> ByteBuffer {
    var writer = JSONWriter(capacity: samples.count * 64)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(samples.count * 64)
    let name = Self.field(property)
    for sample in samples {
      switch format {
      case .csv:
        RFC3339.append(nanoseconds(sample.time), to: &bytes)
        bytes.append(UInt8(ascii: ","))
        bytes.append(contentsOf: name.utf8)
        bytes.append(UInt8(ascii: ","))
        if let value = sample.value { bytes.append(contentsOf: Self.field(value.text).utf8) }
        bytes.append(UInt8(ascii: ","))
        bytes.append(contentsOf: sample.quality.class.rawValue.utf8)
      case .jsonl:
        writer.clear()
        writer.beginObject()
        writer.name("time")
        writer.string(RFC3339.text(nanoseconds(sample.time)))
        writer.name("property")
        writer.string(property)
        writer.name("value")
        if let value = sample.value { writer.value(value) } else { writer.null() }
        writer.name("quality")
        writer.string(sample.quality.class.rawValue)
        writer.endObject()
        bytes.append(contentsOf: writer.bytes)
      }
      bytes.append(UInt8(ascii: "\n"))
    }
    return ByteBuffer(bytes: bytes)
  }

  /// A field of CSV (RFC 4180): in quotes where it must be.
  private static func field(_ text: String) -> String {
    let special: Set<UInt8> = [
      UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\n"), UInt8(ascii: "\r"),
    ]
    guard text.utf8.contains(where: special.contains) else { return text }
    var quoted = "\""
    for character in text.unicodeScalars {
      if character == "\"" { quoted.unicodeScalars.append("\"") }
      quoted.unicodeScalars.append(character)
    }
    return quoted + "\""
  }
}
