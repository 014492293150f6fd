// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// Where a list goes on. It names the last device shown and, in a sorted list, the keys that it had, so that devices
/// that come and go between two pages neither repeat others nor hide them.
enum PageToken {
  static func text(after place: SortPlace, sort: String?) -> String {
    var json: JSON.Members = ["after": .string(place.name.description)]
    if let sort {
      json.append("sort", .string(sort))
      json.append("keys", .array(place.keys.map(Self.json)))
    }
    return Base64.encode(JSON.object(json).bytes)
  }

  /// - Parameter sort: of this request; it must be what it was when the token was given.
  static func read(_ query: Query, sort: String?) throws(Problem) -> SortPlace? {
    // A '+' of base64 that a client did not escape arrives as a space.
    guard let text = try query.value("continue").map({ String($0.map { $0 == " " ? "+" : $0 }) }) else {
      return nil
    }
    guard let bytes = Base64.decode(text), let json = try? JSON.parse(bytes),
      let device = json["after"]?.string.flatMap({ DeviceName(parsing: $0) }), json["sort"]?.string == sort
    else {
      throw Query.problem(
        "continue=\(text)", expected: "the text that the page before gave, with the same sort")
    }
    return SortPlace(keys: (json["keys"]?.array ?? []).map(Self.scalar), name: device)
  }

  private static func json(_ key: Scalar?) -> JSON {
    switch key {
    case nil: .null
    case .bool(let flag): .bool(flag)
    case .int(let number): .int(number)
    case .text(let text): .string(text)
    // Not every number has a JSON form.
    case .float(let number): ["f": .int(Int64(number.bitPattern))]
    case .number(let number): ["d": .string(String(number.bitPattern))]
    }
  }

  private static func scalar(_ json: JSON) -> Scalar? {
    switch json {
    case .bool(let flag): return .bool(flag)
    case .int(let number): return .int(number)
    case .string(let text): return .text(text)
    default:
      if let bits = json["f"]?.int { return .float(Float(bitPattern: UInt32(truncatingIfNeeded: bits))) }
      if let bits = json["d"]?.string.flatMap({ UInt64($0) }) { return .number(Double(bitPattern: bits)) }
      return nil
    }
  }
}
