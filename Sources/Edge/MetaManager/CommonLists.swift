// SPDX-License-Identifier: Apache-2.0

/// Keeps one copy of what devices have in common.
///
/// A hundred devices of one model mostly have the same properties, found in the same way: then they share one list,
/// and all that is made of it.
struct CommonLists<Element: Equatable> {
  /// How many lists of one model are compared with. Devices beyond that keep their own, which costs only memory.
  private static var limit: Int { 8 }

  private var known: [String: [[Element]]] = [:]

  /// The list, or an equal one that was given before.
  mutating func common(_ list: [Element], of model: String) -> [Element] {
    if let equal = known[model]?.first(where: { $0 == list }) { return equal }
    if known[model]?.count ?? 0 < Self.limit { known[model, default: []].append(list) }
    return list
  }
}
