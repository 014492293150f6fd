// SPDX-License-Identifier: Apache-2.0
internal import JSON

/// A device as a row of the table of devices.
struct DeviceRow {
  let hasNamespace: Bool
  let isWide: Bool

  var header: [String] {
    (hasNamespace ? ["NAMESPACE"] : []) + [
      "NAME", "MODEL", "PROTOCOL", "STATE", "SYNC", "LAST ONLINE",
    ]
      + (isWide ? ["DESIRED", "REPORTED", "LABELS", "REASON"] : [])
  }

  func cells(of device: JSON) -> [Table.Cell] {
    let link = device["link"]
    var cells: [Table.Cell] = hasNamespace ? [.init(device["namespace"]?.string ?? "")] : []
    cells += [
      .init(device["name"]?.string ?? ""), .init(device["model"]?.string ?? ""),
      .init(device["protocol"]?.string ?? "-"), Self.state(link?["state"]?.string ?? "-"),
      Self.sync(of: device),
      .init(Age.text(since: link?["lastOnline"]?.string)),
    ]
    guard isWide else { return cells }
    let labels = device["labels"]?.object?.map { $0.name + "=" + ($0.value.string ?? "") } ?? []
    return cells + [
      .init("\(device["desiredVersion"]?.int ?? 0)"),
      .init("\(device["reportedVersion"]?.int ?? 0)"),
      .init(labels.isEmpty ? "-" : labels.joined(separator: ",")),
      .init(link?["reason"]?.string ?? ""),
    ]
  }

  /// What of a row counts as a change.
  func withoutAges(_ cells: [Table.Cell]) -> [Table.Cell] {
    zip(header, cells).filter { $0.0 != "LAST ONLINE" && $0.0 != "REPORTED" }.map(\.1)
  }

  static func name(of device: JSON) -> String {
    (device["namespace"]?.string ?? "") + "/" + (device["name"]?.string ?? "")
  }

  static func state(_ state: String) -> Table.Cell {
    switch state {
    case "online": .init(state, .green)
    case "degraded", "connecting": .init(state, .yellow)
    case "offline", "unavailable": .init(state, .red)
    default: .init(state)
    }
  }

  static func sync(of device: JSON) -> Table.Cell {
    let failed = device["counts"]?["failed"]?.int ?? 0
    let pending = device["counts"]?["pending"]?.int ?? 0
    if failed > 0 { return .init("\(failed) failed", .red) }
    if pending > 0 { return .init("\(pending) pending", .yellow) }
    return device["inSync"]?.bool == true ? "yes" : .init("differs", .yellow)
  }
}
