// SPDX-License-Identifier: Apache-2.0

/// Which lane is due next. An entry whose ticket is no longer its lane's is skipped when it comes up, which
/// is cheaper than finding it in the heap.
struct DueHeap {
  struct Entry {
    var due: Int64
    var lane: Lane
    var ticket: UInt64
  }

  private var entries: [Entry] = []
  /// Beyond this the entries that no longer count are thrown out.
  private var limit = 1024

  mutating func push(_ entry: Entry) {
    if entries.count >= limit { compact() }
    insert(entry)
  }

  private mutating func compact() {
    let live = entries.filter { $0.lane.ticket == $0.ticket }
    entries = []
    for entry in live { insert(entry) }
    limit = max(1024, 2 * live.count)
  }

  private mutating func insert(_ entry: Entry) {
    entries.append(entry)
    var child = entries.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard entries[child].due < entries[parent].due else { break }
      entries.swapAt(child, parent)
      child = parent
    }
  }

  /// The earliest entry that still counts.
  mutating func first() -> Entry? {
    while let top = entries.first {
      if top.lane.ticket == top.ticket { return top }
      removeFirst()
    }
    return nil
  }

  mutating func removeFirst() {
    guard let last = entries.popLast(), !entries.isEmpty else { return }
    entries[0] = last
    var parent = 0
    while true {
      var smallest = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < entries.count {
        if entries[child].due < entries[smallest].due { smallest = child }
      }
      guard smallest != parent else { return }
      entries.swapAt(parent, smallest)
      parent = smallest
    }
  }
}
