// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// Which devices a list shows.
struct DeviceFilter: Sendable {
  private let namespaces: [String]
  private let selector: LabelSelector?
  private let states: [LinkState]
  private let protocols: [String]

  init(_ query: Query) throws(Problem) {
    namespaces = query.list("namespace")
    protocols = query.list("protocol")
    var states: [LinkState] = []
    for text in query.list("state") {
      guard let state = LinkState(rawValue: text) else {
        let all = LinkState.allCases.map(\.rawValue).joined(separator: ", ")
        throw Query.problem("state=\(text)", expected: "one of \(all)")
      }
      states.append(state)
    }
    self.states = states
    if let text = try query.value("labelSelector") {
      do throws(LabelSelector.Invalid) {
        selector = try LabelSelector(parsing: text)
      } catch {
        throw Query.problem("labelSelector=\(error.text)", expected: error.expected)
      }
    } else {
      selector = nil
    }
  }

  /// What a name alone decides, before a twin is copied. `names` is sorted.
  func narrow(_ names: [DeviceName], after last: DeviceName?) -> some Sequence<DeviceName> {
    let rest = last.map { last in names[names.partitioningIndex { $0 > last }...] } ?? names[...]
    return rest.lazy.filter { namespaces.isEmpty || namespaces.contains($0.namespace) }
  }

  func matches(_ device: DeviceSnapshot) -> Bool {
    (states.isEmpty || states.contains(device.link.state))
      && (protocols.isEmpty || protocols.contains(device.protocolName ?? ""))
      && (selector?.matches(device.labels) ?? true)
  }
}

/// Where a list goes on. It names the last device shown, so that devices that come and go between two
/// pages neither repeat others nor hide them.
enum PageToken {
  private static let prefix = "after:"

  static func text(after device: DeviceName) -> String {
    Base64.encode(Array((prefix + device.description).utf8))
  }

  static func read(_ query: Query) throws(Problem) -> DeviceName? {
    // A '+' of base64 that a client did not escape arrives as a space.
    guard let text = try query.value("continue").map({ String($0.map { $0 == " " ? "+" : $0 }) }) else {
      return nil
    }
    guard let decoded = Base64.decode(text).map({ String(decoding: $0, as: UTF8.self) }),
      decoded.hasPrefix(prefix), let device = DeviceName(parsing: decoded.dropFirst(prefix.count))
    else { throw Query.problem("continue=\(text)", expected: "the text that the page before gave") }
    return device
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
