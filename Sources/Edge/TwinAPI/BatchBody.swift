// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// The body of `POST /v1/batch`.
struct BatchBody {
  let batch: TwinBatch

  init(_ json: JSON) throws(Problem) {
    guard let top = json.object else { throw MergePatch.problem("the body", json, expected: "an object") }
    var batch = TwinBatch(mode: .all)
    for member in top {
      switch member.name {
      case "mode":
        switch member.value.string {
        case "all": batch.mode = .all
        case "each": batch.mode = .each
        default: throw MergePatch.problem("mode", member.value, expected: "all or each")
        }
      case "desired":
        batch.desired = []
        for (path, members) in try Self.entries(member) {
          batch.desired.append(try Self.desired(members, path))
        }
      case "reported":
        batch.reported = []
        for (path, members) in try Self.entries(member) {
          batch.reported.append(try Self.reported(members, path))
        }
      default:
        throw MergePatch.problem(member.name, member.value, expected: "only mode, desired and reported")
      }
    }
    try Self.checkOnce(batch.desired.map(\.device), "desired")
    try Self.checkOnce(batch.reported.map(\.device), "reported")
    let devices = batch.desired.count + batch.reported.count
    guard devices <= Limits.batchEntries else {
      throw MergePatch.problem("the body", json, expected: "at most \(Limits.batchEntries) entries")
    }
    self.batch = batch
  }

  /// The entry's path, for messages.
  static func path(of entry: Int, in batch: TwinBatch) -> String {
    entry < batch.desired.count ? "desired[\(entry)]" : "reported[\(entry - batch.desired.count)]"
  }

  private static func entries(_ list: JSON.Members.Member) throws(Problem) -> [(String, JSON.Members)] {
    guard let array = list.value.array else {
      throw MergePatch.problem(list.name, list.value, expected: "an array")
    }
    var entries: [(String, JSON.Members)] = []
    entries.reserveCapacity(array.count)
    for (index, json) in array.enumerated() {
      let path = "\(list.name)[\(index)]"
      guard let members = json.object else { throw MergePatch.problem(path, json, expected: "an object") }
      entries.append((path, members))
    }
    return entries
  }

  private static func desired(_ members: JSON.Members, _ path: String) throws(Problem) -> TwinBatch.Desired {
    var entry = TwinBatch.Desired(device: try device(members, path), changes: [])
    for member in members {
      switch member.name {
      case "device": break
      case "ifVersion":
        guard let version = member.value.int else {
          throw MergePatch.problem(path + ".ifVersion", member.value, expected: "a whole number")
        }
        entry.ifVersion = version
      case "properties":
        for property in try properties(member.value, path) {
          entry.changes.append(
            try MergePatch.change(
              property.value, of: property.name, path: "\(path).properties.\(property.name)"))
        }
      default:
        throw MergePatch.problem(
          "\(path).\(member.name)", member.value, expected: "only device, ifVersion and properties")
      }
    }
    return entry
  }

  private static func reported(_ members: JSON.Members, _ path: String) throws(Problem) -> TwinBatch.Reported
  {
    var entry = TwinBatch.Reported(device: try device(members, path), values: [])
    for member in members {
      switch member.name {
      case "device": break
      case "properties":
        for property in try properties(member.value, path) {
          let value = try MergePatch.scalar(property.value, path: "\(path).properties.\(property.name)")
          entry.values.append((property.name, value))
        }
      default:
        throw MergePatch.problem(
          "\(path).\(member.name)", member.value, expected: "only device and properties")
      }
    }
    return entry
  }

  private static func device(_ members: JSON.Members, _ path: String) throws(Problem) -> DeviceName {
    let json = members["device"] ?? .null
    guard let device = json.string.flatMap({ DeviceName(parsing: $0) }) else {
      throw MergePatch.problem(path + ".device", json, expected: "namespace/name")
    }
    return device
  }

  private static func properties(_ json: JSON, _ path: String) throws(Problem) -> JSON.Members {
    guard let members = json.object else {
      throw MergePatch.problem(path + ".properties", json, expected: "an object")
    }
    return members
  }

  private static func checkOnce(_ devices: [DeviceName], _ list: String) throws(Problem) {
    var seen = Set<DeviceName>()
    for (index, device) in devices.enumerated() where !seen.insert(device).inserted {
      throw MergePatch.problem(
        "\(list)[\(index)].device", .string(device.description), expected: "each device once in a list")
    }
  }
}

extension Limits {
  /// Entries of a batch; all or nothing, as many devices are locked for a moment.
  static let batchEntries = 1000
}
