// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// The lines of `twin watch`: columns that only ever grow, and begin wide enough for most.
struct ChangeLines {
  private var table = Table(["TIME", "DEVICE", "PROPERTY", "VALUE", "QUALITY", "DETAIL"])

  init() {
    func wide(_ count: Int) -> Table.Cell { .init(String(repeating: " ", count: count)) }
    table.widen(for: [wide(12), wide(20), wide(14), wide(10), wide(9)])
  }

  func header(on terminal: Terminal) -> String { table.headerLine(on: terminal) }

  mutating func text(of change: DeviceTracker.Change, on terminal: Terminal) -> String {
    let rows = rows(of: change)
    for row in rows { table.widen(for: row) }
    return rows.map { table.line($0, on: terminal) }.joined()
  }

  private func rows(of change: DeviceTracker.Change) -> [[Table.Cell]] {
    let name = Table.Cell(DeviceRow.name(of: change.device))
    if change.isRemoved { return [["-", name, "-", .init("removed", .red)]] }
    var rows: [[Table.Cell]] = []
    let link = change.device["link"]
    let linkBefore = change.before?["link"]
    if link?["state"] != linkBefore?["state"] || link?["reason"] != linkBefore?["reason"] {
      rows.append([
        time(link?["since"]), name, "(link)", DeviceRow.state(link?["state"]?.string ?? "-"), "",
        .init(link?["reason"]?.string ?? ""),
      ])
    }
    for property in change.properties {
      rows.append(
        row(of: property, before: change.before?["properties"]?[property.name], device: name))
    }
    return rows
  }

  private func row(of property: JSON.Members.Member, before: JSON?, device: Table.Cell) -> [Table
    .Cell]
  {
    let reported = property.value["reported"]
    let desired = property.value["desired"]
    let unit = property.value["unit"]?.string
    // What was asked for, or became of it, is what happened; else a report is.
    let time =
      desired != nil && desired != before?["desired"] && before != nil
      ? desired?["stateTime"] : reported?["time"]
    let quality = reported?["quality"]?.string ?? "-"
    return [
      self.time(time), device, .init(property.name),
      .init(TwinView.value(of: reported, unit: unit)),
      .init(quality, TwinView.color(ofQuality: quality)), detail(of: property.value, unit: unit),
    ]
  }

  /// Why the reading is not good, and what is desired: `stale → 22 °C pending`.
  private func detail(of property: JSON, unit: String?) -> Table.Cell {
    let reason = TwinView.reason(of: property["reported"])
    guard let desired = property["desired"] else { return .init(reason ?? "") }
    let state = TwinView.state(of: property)
    let wish = "→ \(TwinView.value(of: desired, unit: unit)) \(state.text)"
    return .init(reason.map { $0 + " " + wish } ?? wish, state.color)
  }

  private func time(_ time: JSON?) -> Table.Cell { .init(Age.timeOfDay(time?.string), .faint) }
}
