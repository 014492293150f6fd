// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import JSON

/// Which devices a list shows, or a watch follows.
struct DeviceFilter: Sendable, Equatable {
  var device: DeviceName?
  var namespaces: [String] = []
  var selector: LabelSelector?
  var states: [LinkState] = []
  var protocols: [String] = []
  var condition: Condition?
  /// What the caller may see; nil: all.
  var visible: Set<String>?

  init() {}

  /// - Parameter caller: whose namespaces bound the filter.
  init(_ query: Query, caller: Caller) throws(Problem) {
    visible = caller.namespaces
    namespaces = query.list("namespace")
    protocols = query.list("protocol")
    if let text = try query.value("device") { device = try Self.device(text) }
    for text in query.list("state") {
      guard let state = LinkState(rawValue: text) else {
        let all = LinkState.allCases.map(\.rawValue).joined(separator: ", ")
        throw Query.problem("state=\(text)", expected: "one of \(all)")
      }
      states.append(state)
    }
    if let text = try query.value("labelSelector") { selector = try Self.selector(text) }
    if let text = try query.value("where") { condition = try Self.condition(text) }
  }

  static func device(_ text: String) throws(Problem) -> DeviceName {
    guard let device = DeviceName(parsing: text) else {
      throw Query.problem("device=\(text)", expected: "namespace/name")
    }
    return device
  }

  static func selector(_ text: String) throws(Problem) -> LabelSelector {
    do throws(LabelSelector.Invalid) {
      return try LabelSelector(parsing: text)
    } catch {
      throw Query.problem("labelSelector=\(error.text)", expected: error.expected)
    }
  }

  static func condition(_ text: String) throws(Problem) -> Condition {
    do throws(ConditionError) {
      return try ConditionParser.condition(text)
    } catch {
      throw Query.problem(error, parameter: "where")
    }
  }

  /// Whether a device's twin, and not its name alone, decides.
  var looksInside: Bool {
    selector != nil || !states.isEmpty || !protocols.isEmpty || condition != nil
  }

  /// What a name alone decides, before a twin is looked at.
  func includes(_ name: DeviceName) -> Bool {
    if let device, device != name { return false }
    return (namespaces.isEmpty || namespaces.contains(name.namespace))
      && visible?.contains(name.namespace) ?? true
  }

  /// - Parameter now: Unix nanoseconds.
  func matches(_ device: any DeviceView, now: Int64) -> Bool {
    (states.isEmpty || states.contains(device.link.state))
      && (protocols.isEmpty || protocols.contains(device.protocolName ?? ""))
      && (selector?.matches(device.labels) ?? true)
      && (condition?.matches(device, now: now) ?? true)
  }
}

extension Query {
  static func problem(_ error: ConditionError, parameter: String) -> Problem {
    Problem(
      .badRequest, "invalid-query", "the query is not right",
      detail: "\(parameter), column \(error.column): \(error.found): expected \(error.expected).",
      members: [
        "parameter": .string(parameter), "column": .int(Int64(error.column)),
        "expected": .string(error.expected),
      ])
  }
}

extension Array {
  /// The first place from which on `belongs` is true; the elements must be ordered so.
  func partitioningIndex(where belongs: (Element) -> Bool) -> Int {
    var low = startIndex
    var high = endIndex
    while low < high {
      let middle = low + (high - low) / 2
      if belongs(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
