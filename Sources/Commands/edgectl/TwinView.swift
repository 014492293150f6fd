// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// A twin for people.
enum TwinView {
  static func text(of device: JSON, on terminal: Terminal) -> String {
    let link = device["link"]
    let state = DeviceRow.state(link?["state"]?.string ?? "-")
    var text = terminal.paint(DeviceRow.name(of: device), .bold)
    text += "  \(device["model"]?.string ?? "")"
    if let driver = device["protocol"]?.string { text += " over \(driver)" }
    text += "\n" + terminal.paint(state.text, state.color)
    if let since = link?["since"]?.string { text += " for \(Age.text(since: since))" }
    if let reason = link?["reason"]?.string { text += ": " + Table.Cell(reason).text }
    text += ", desired version \(device["desiredVersion"]?.int ?? 0)"
    text += ", reported version \(device["reportedVersion"]?.int ?? 0)\n"
    guard let properties = device["properties"]?.object, !properties.isEmpty else {
      return text + "\nNo properties.\n"
    }
    return text + "\n" + table(of: properties, on: terminal)
  }

  static func table(of properties: JSON.Members, on terminal: Terminal) -> String {
    var table = Table(["PROPERTY", "REPORTED", "QUALITY", "AGE", "DESIRED", "STATE", "DETAIL"])
    for property in properties { table.add(cells(of: property.name, property.value)) }
    return table.text(on: terminal)
  }

  private static func cells(of name: String, _ property: JSON) -> [Table.Cell] {
    let reported = property["reported"]
    let unit = property["unit"]?.string
    return [
      .init(name), .init(value(of: reported, unit: unit)), quality(of: reported),
      .init(Age.text(since: reported?["time"]?.string)),
      .init(property["desired"] == nil ? "-" : value(of: property["desired"], unit: unit)),
      stateWord(of: property), detail(of: property),
    ]
  }

  /// `21.5 °C`; `-` where there is none.
  static func value(of side: JSON?, unit: String?) -> String {
    guard let value = side?["value"], !value.isNull else { return "-" }
    return text(of: value) + (unit.map { " " + $0 } ?? "")
  }

  /// Strings without quotes.
  static func text(of value: JSON) -> String { value.string ?? value.text }

  /// `uncertain: stale`; the driver's words, which may be long, are the detail.
  private static func quality(of reported: JSON?) -> Table.Cell {
    guard let quality = reported?["quality"]?.string else { return "-" }
    return .init(
      quality + (reported?["reason"]?.string.map { ": " + $0 } ?? ""), color(ofQuality: quality))
  }

  /// What the driver said of the reading and of the desired value.
  private static func detail(of property: JSON) -> Table.Cell {
    let reading = property["reported"]?["error"]?.string
    var writing = property["desired"]?["error"]?.string
    if let attempts = property["desired"]?["attempts"]?.int, attempts > 1,
      property["desired"]?["state"]?.string == "pending"
    {
      writing = (writing.map { $0 + " " } ?? "") + "(\(attempts) attempts)"
    }
    if reading == writing { return .init(reading ?? "") }
    return .init(
      [reading, writing.map { "desired: " + $0 }].compactMap { $0 }.joined(separator: "; "))
  }

  static func color(ofQuality quality: String) -> Terminal.Color? {
    switch quality {
    case "uncertain": .yellow
    case "bad": .red
    default: nil
    }
  }

  /// Why a reading is not good. The driver's words say more than the reason of the quality.
  static func reason(of reported: JSON?) -> String? {
    reported?["error"]?.string ?? reported?["reason"]?.string
  }

  /// What became of the desired value; empty where nothing is desired.
  static func state(of property: JSON) -> Table.Cell {
    guard let desired = property["desired"], let state = desired["state"]?.string else { return "" }
    var text = state
    if let error = desired["error"]?.string { text += ": " + error }
    if let attempts = desired["attempts"]?.int, attempts > 1, state == "pending" {
      text += " (\(attempts) attempts)"
    }
    switch state {
    case "failed": return .init(text, .red)
    case "pending": return .init(text, .yellow)
    default:
      return differs(property) ? .init(text + ", but differs now", .yellow) : .init(text, .green)
    }
  }

  /// The same without the reason.
  private static func stateWord(of property: JSON) -> Table.Cell {
    guard let state = property["desired"]?["state"]?.string, state == "failed" || state == "pending"
    else {
      return self.state(of: property)
    }
    return .init(state, state == "failed" ? .red : .yellow)
  }

  /// A reading from before the value was applied says nothing about it. (Times of this form sort as text.)
  private static func differs(_ property: JSON) -> Bool {
    property["inSync"]?.bool == false
      && property["reported"]?["time"]?.string ?? "" > property["desired"]?["stateTime"]?.string
        ?? ""
  }
}
