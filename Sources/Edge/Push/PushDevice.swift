// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Synchronization

/// The properties of one device that are pushed, as one description has them: keeps the latest value of each until its
/// report cycle comes round.
final class PushDevice: SampleSink {
  /// A property with a push method.
  private struct Slot {
    var value: Value?
    var time: Int64 = 0
    /// Came since it was pushed last.
    var isFresh = false
  }

  /// Where a property's values go.
  struct Route: Sendable {
    let target: PushTarget
    let sink: PushSink
  }

  /// Properties of the same report cycle.
  struct Group: Sendable {
    /// Nanoseconds.
    let cycle: Int64
    let slots: [Int]
  }

  let description: DeviceDescription
  let groups: [Group]
  let routes: [[Route]]
  /// Slot by place of the property; -1: not pushed.
  private let places: [Int]
  private let types: [PropertyType]
  private let slots: Mutex<[Slot]>

  /// Nil when no property of the device is pushed.
  init?(_ description: DeviceDescription, sink: (PushMethod) -> PushSink?) {
    self.description = description
    var places: [Int] = []
    var routes: [[Route]] = []
    var types: [PropertyType] = []
    var cycles: [Int: [Int]] = [:]
    for property in description.properties {
      let targets = property.push.compactMap { method in
        sink(method).map {
          Route(target: PushTarget(device: description.name, property: property, method: method), sink: $0)
        }
      }
      guard !targets.isEmpty else {
        places.append(-1)
        continue
      }
      places.append(routes.count)
      cycles[property.reportCycleMilliseconds, default: []].append(routes.count)
      routes.append(targets)
      types.append(property.type)
    }
    guard !routes.isEmpty else { return nil }
    self.places = places
    self.routes = routes
    self.types = types
    groups = cycles.sorted { $0.key < $1.key }.map {
      Group(cycle: Int64(max($0.key, PropertyDescription.minimumCollectCycle)) * 1_000_000, slots: $0.value)
    }
    slots = Mutex(Array(repeating: Slot(), count: routes.count))
  }

  func take(_ samples: [Sample], arrival: Int64) {
    slots.withLock { slots in
      for sample in samples {
        // A reading that failed has no value, and the one before is not a new one.
        guard sample.property >= 0, sample.property < places.count, let value = sample.value else { continue }
        let slot = places[sample.property]
        guard slot >= 0 else { continue }
        slots[slot].value = value
        slots[slot].time = sample.sourceNanoseconds != 0 ? sample.sourceNanoseconds : arrival
        slots[slot].isFresh = true
      }
    }
  }

  /// A value that no mapper read.
  func take(_ value: Value, of property: String, time: Int64) {
    guard let place = description.properties.firstIndex(where: { $0.name == property }), places[place] >= 0
    else { return }
    slots.withLock { $0[places[place]] = Slot(value: value, time: time, isFresh: true) }
  }

  /// Hands what came since the last time to the destinations.
  func push(_ group: Int) {
    let fresh = slots.withLock { slots -> [(slot: Int, value: Value, time: Int64)] in
      var fresh: [(slot: Int, value: Value, time: Int64)] = []
      for index in groups[group].slots where slots[index].isFresh {
        slots[index].isFresh = false
        if let value = slots[index].value { fresh.append((index, value, slots[index].time)) }
      }
      return fresh
    }
    for (slot, value, time) in fresh {
      guard let value = value.converted(to: types[slot]) else { continue }
      for route in routes[slot] {
        route.sink.add([PushItem(target: route.target, value: value, time: time)])
      }
    }
  }

  func pushAll() { for group in groups.indices { push(group) } }
}
