// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// The newest events, in the order of their numbers; the oldest makes room.
struct EventRing {
  private let capacity: Int
  private var events: [LoggedEvent] = []
  /// Of the oldest, once all places are taken.
  private var first = 0

  init(capacity: Int) { self.capacity = capacity }

  var count: Int { events.count }

  /// - Parameter event: its number is above those of all before.
  mutating func append(_ event: LoggedEvent) {
    guard capacity > 0 else { return }
    if events.count < capacity {
      events.append(event)
    } else {
      events[first] = event
      first = (first + 1) % capacity
    }
  }

  private subscript(place: Int) -> LoggedEvent { events[(first + place) % events.count] }

  /// Newest first.
  func before(_ id: UInt64?, _ filter: EventFilter, limit: Int) -> [LoggedEvent] {
    var found: [LoggedEvent] = []
    var place = id.map { self.place(of: $0) } ?? events.count
    while place > 0, found.count < limit {
      place -= 1
      if filter.takes(self[place].record) { found.append(self[place]) }
    }
    return found
  }

  /// Oldest first, and how many after `id` are gone.
  func after(_ id: UInt64, _ filter: EventFilter, limit: Int) -> (events: [LoggedEvent], missed: UInt64) {
    guard !events.isEmpty, id < .max else { return ([], 0) }
    let oldest = self[0].id
    let missed = oldest > id + 1 ? oldest - id - 1 : 0
    var found: [LoggedEvent] = []
    var place = place(of: id + 1)
    while place < events.count, found.count < limit {
      if filter.takes(self[place].record) { found.append(self[place]) }
      place += 1
    }
    return (found, missed)
  }

  /// Of the first event with this number or a higher one.
  private func place(of id: UInt64) -> Int {
    var low = 0
    var high = events.count
    while low < high {
      let middle = (low + high) / 2
      if self[middle].id < id { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
