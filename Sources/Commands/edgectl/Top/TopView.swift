// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import DeviceAPI
internal import JSON

/// The order of the devices.
enum TopOrder: String, ExpressibleByArgument, CaseIterable {
  /// Those that need somebody first.
  case trouble
  case name
  /// The busiest first.
  case rate

  var next: TopOrder {
    switch self {
    case .trouble: .name
    case .name: .rate
    case .rate: .trouble
    }
  }
}

/// The screen of `top`, line by line.
struct TopView {
  var order = TopOrder.trouble
  /// How many devices are above the screen.
  var offset = 0

  /// - Parameter size: nil: everything, for a file or a pipe.
  func lines(_ rates: TopRates, size: (columns: Int, rows: Int)?, on terminal: Terminal) -> [String] {
    var lines = node(rates, on: terminal)
    let mappers = mappers(rates, on: terminal)
    let devices = devices(rates, on: terminal)
    guard let size else { return lines + [""] + mappers + [""] + devices }
    // Mappers get what they need, up to a third; devices all the rest.
    let share = max(2, size.rows / 3)
    lines += [""] + mappers.prefix(share)
    if mappers.count > share { lines.append("  and \(mappers.count - share) more") }
    lines.append("")
    let room = max(1, size.rows - lines.count - 1)
    lines += devices.prefix(1)
    lines += devices.dropFirst().dropFirst(offset(rates, rows: size.rows)).prefix(room - 1)
    return Array(lines.prefix(size.rows - 1))
  }

  /// So that the last device can be the only one seen, and no more.
  func offset(_ rates: TopRates, rows: Int) -> Int {
    min(max(0, offset), max(0, rates.now.devices.count - 1))
  }

  var help: String { "q quit   s sort: \(order.rawValue)   ↑↓ PgUp PgDn move   space refresh" }

  // MARK: - Parts

  private func node(_ rates: TopRates, on terminal: Terminal) -> [String] {
    let node = rates.now.node
    let isReady = node["ready"]?.bool == true
    var first = terminal.paint(Table.Cell(node["name"]?.string ?? "").text, .bold)
    first += "  \(isReady ? terminal.paint("ready", .green) : terminal.paint("not ready", .red))"
    first +=
      ", up \(Age.text(since: node["startTime"]?.string)), version \(node["version"]?.string ?? "-")"
    if let processor = rates.processor(of: rates.now.agent) {
      first += ", CPU \(NumberText.fixed(processor, decimals: 1)) %"
    }
    if let memory = rates.memory(of: rates.now.agent) {
      first += ", memory \(NumberText.size(memory))"
    }
    var lines = [first]
    let states = Dictionary(grouping: rates.now.devices) { $0["link"]?["state"]?.string ?? "-" }
    var parts = ["\(rates.now.devices.count) devices"]
    for (state, devices) in states.sorted(by: { Self.rank($0.key) < Self.rank($1.key) }) {
      parts.append(terminal.paint("\(devices.count) \(state)", DeviceRow.state(state).color))
    }
    let total = rates.now.devices.compactMap(rates.reports).reduce(0, +)
    parts.append("\(NumberText.rate(total)) reports/s")
    for name in ["pending", "failed", "bad"] {
      let count = rates.now.devices.reduce(0) { $0 + ($1["counts"]?[name]?.int ?? 0) }
      if count > 0 {
        parts.append(terminal.paint("\(count) \(name)", name == "pending" ? .yellow : .red))
      }
    }
    lines.append(parts.joined(separator: ", "))
    for broker in node["counters"]?["eventBus"]?.array ?? []
    where broker["connected"]?.bool == false {
      lines.append(terminal.paint("no broker at \(broker["address"]?.string ?? "")", .red))
    }
    return lines
  }

  private func mappers(_ rates: TopRates, on terminal: Terminal) -> [String] {
    var table = Table([
      "MAPPER", "STATE", "DEVICES", "SAMPLES/S", "CPU %", "MEMORY", "RESTARTS", "LAST FAULT",
    ])
    for mapper in rates.now.mappers {
      let id = TopSnapshot.process(of: mapper)
      let restarts = mapper["restarts"]?.int ?? 0
      table.add([
        .init(mapper["file"]?.string ?? ""), MapperRow.state(mapper["state"]?.string ?? "-"),
        .init("\(mapper["counters"]?["devices"]?.int ?? 0)"),
        .init(rates.samples(of: mapper).map(NumberText.rate) ?? "-"),
        .init(rates.processor(of: id).map { NumberText.fixed($0, decimals: 1) } ?? "-"),
        .init(rates.memory(of: id).map(NumberText.size) ?? "-"),
        .init("\(restarts)", restarts > 0 ? .yellow : nil), .init(MapperRow.fault(of: mapper)),
      ])
    }
    return table.text(on: terminal).split(separator: "\n").map(String.init)
  }

  private func devices(_ rates: TopRates, on terminal: Terminal) -> [String] {
    var table = Table(["DEVICE", "STATE", "REPORTS/S", "BAD", "SYNC", "LAST ONLINE", "REASON"])
    for device in sorted(rates) {
      let bad = device["counts"]?["bad"]?.int ?? 0
      table.add([
        .init(DeviceRow.name(of: device)), DeviceRow.state(device["link"]?["state"]?.string ?? "-"),
        .init(rates.reports(of: device).map(NumberText.rate) ?? "-"),
        .init("\(bad)", bad > 0 ? .red : nil),
        DeviceRow.sync(of: device), .init(Age.text(since: device["link"]?["lastOnline"]?.string)),
        .init(device["link"]?["reason"]?.string ?? ""),
      ])
    }
    return table.text(on: terminal).split(separator: "\n").map(String.init)
  }

  // MARK: - Order

  func sorted(_ rates: TopRates) -> [JSON] {
    let keyed = rates.now.devices.map {
      (device: $0, name: DeviceRow.name(of: $0), trouble: Self.trouble($0))
    }
    switch order {
    case .name: return keyed.sorted { $0.name < $1.name }.map(\.device)
    case .trouble:
      return keyed.sorted { $0.trouble == $1.trouble ? $0.name < $1.name : $0.trouble > $1.trouble }
        .map(\.device)
    case .rate:
      return keyed.map {
        (device: $0.device, name: $0.name, rate: rates.reports(of: $0.device) ?? 0)
      }
      .sorted { $0.rate == $1.rate ? $0.name < $1.name : $0.rate > $1.rate }.map(\.device)
    }
  }

  private static func trouble(_ device: JSON) -> Int {
    func has(_ name: String) -> Bool { (device["counts"]?[name]?.int ?? 0) > 0 }
    return rank(device["link"]?["state"]?.string ?? "") * 8 + (has("failed") ? 4 : 0)
      + (has("bad") ? 2 : 0)
      + (has("pending") ? 1 : 0)
  }

  private static func rank(_ state: String) -> Int {
    switch state {
    case "unavailable": 4
    case "offline": 3
    case "degraded": 2
    case "connecting": 1
    default: 0
    }
  }
}
