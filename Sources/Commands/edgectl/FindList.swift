// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// What a scan found, in the order of its numbers: the first is 1.
struct FindList {
  private(set) var items: [JSON] = []
  /// How the scan ended; nil: it did not.
  private(set) var end: JSON?

  /// - Returns: the find, if the event is one.
  mutating func take(_ event: ServerSentEvent) throws(Failure) -> JSON? {
    guard event.name == "found" || event.name == "end" else { return nil }
    let json: JSON
    do throws(JSONError) {
      json = try JSON.parse(event.data)
    } catch {
      throw Failure(.failed, "an event of the agent is not JSON: \(error)")
    }
    if event.name == "end" {
      end = json
      return nil
    }
    items.append(json)
    return json
  }

  var document: JSON {
    var members: JSON.Members = ["items": .array(items)]
    if let end { members.append("end", end) }
    return .object(members)
  }

  /// The finds that are meant by these numbers; all without any.
  func chosen(_ numbers: [Int]) throws(Failure) -> [JSON] {
    if numbers.isEmpty { return items }
    var chosen: [JSON] = []
    for number in numbers {
      guard items.indices.contains(number - 1) else {
        throw Failure(.notFound, "--pick \(number): \(Self.count(items.count)) found")
      }
      chosen.append(items[number - 1])
    }
    return chosen
  }

  static func count(_ number: Int) -> String {
    switch number {
    case 0: "nothing was"
    case 1: "1 device was"
    default: "\(number) devices were"
    }
  }

  /// Why the scan ended early; nil when it did not.
  var failure: Failure? {
    guard let end else { return Failure(.unreachable, "the agent ended the scan") }
    guard let status = end["status"]?.string, status != "ok" else { return nil }
    let words = status + (end["text"]?.string.map { ": " + Table.Cell($0).text } ?? "")
    return Failure(status == "timeout" ? .timeout : .failed, "the scan ended early: \(words)")
  }

  // MARK: - Rows

  static let header = ["#", "CONFIDENCE", "NAME", "TITLE", "PROPERTIES", "SETTINGS"]

  static func cells(of find: JSON, number: Int) -> [Table.Cell] {
    let confidence = find["confidence"]?.int ?? 0
    let settings =
      find["settings"]?.object?.map { $0.name + "=" + TwinView.text(of: $0.value) } ?? []
    let exists = find["exists"]?.bool == true
    return [
      .init("\(number)"),
      .init("\(confidence)%", confidence >= 75 ? .green : confidence < 40 ? .red : .yellow),
      .init(DeviceRow.name(of: find) + (exists ? " (exists)" : ""), exists ? .yellow : nil),
      .init(find["title"]?.string ?? "-"), .init("\(find["properties"]?.array?.count ?? 0)"),
      .init(settings.joined(separator: " ")),
    ]
  }

  /// How far a scan is: `3 of 247: unit 3`.
  static func progress(_ event: ServerSentEvent, found: Int) -> String? {
    guard event.name == "progress", let json = try? JSON.parse(event.data) else { return nil }
    var text = "\(json["done"]?.int ?? 0)" + (json["total"]?.int.map { " of \($0)" } ?? "")
    if let words = json["text"]?.string { text += ": " + Table.Cell(words).text }
    if found > 0 { text += " (\(found) found)" }
    return String(text.prefix(78))
  }
}
