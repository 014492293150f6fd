// SPDX-License-Identifier: Apache-2.0

/// Finds an object that others have already, so that equal ones are there once. Keeps none alive.
package struct WeakPool<Object: AnyObject & Sendable>: Sendable {
  private struct Entry: Sendable {
    weak var object: Object?
  }

  private var entries: [Entry] = []
  /// How many objects are compared with; one beyond that is its owner's alone, which costs only memory.
  private let limit: Int

  package init(limit: Int) { self.limit = limit }

  package var isEmpty: Bool { !entries.contains { $0.object != nil } }

  /// The first object for which `matches` holds, or a new one.
  package mutating func object(where matches: (Object) -> Bool, orMake make: () -> Object) -> Object {
    if let known = entries.lazy.compactMap(\.object).first(where: matches) { return known }
    let new = make()
    entries.removeAll { $0.object == nil }
    if entries.count < limit { entries.append(Entry(object: new)) }
    return new
  }
}
