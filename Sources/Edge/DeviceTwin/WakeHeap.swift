// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// Devices by the time at which they are to be woken: a binary heap, the earliest first.
///
/// Each device is in it at most once and knows its place, so that an earlier time moves it and the heap never
/// grows beyond the number of devices.
struct WakeHeap {
  private var devices: [Device] = []

  var count: Int { devices.count }
  var earliest: Int64? { devices.first.map(Self.time) }
  var first: Device? { devices.first }

  /// Puts the device in, or moves it forward; a time that is not earlier than the one it has changes nothing.
  mutating func insert(_ device: Device, at time: Int64) {
    guard time < Self.time(device) else { return }
    device.scheduled.store(time, ordering: .relaxed)
    var place = device.heapPlace.load(ordering: .relaxed)
    if place < 0 {
      place = devices.count
      devices.append(device)
    }
    rise(device, from: place)
  }

  mutating func remove(_ device: Device) {
    let place = device.heapPlace.load(ordering: .relaxed)
    guard place >= 0, let last = devices.popLast() else { return }
    device.heapPlace.store(-1, ordering: .relaxed)
    device.scheduled.store(.max, ordering: .relaxed)
    guard last !== device else { return }
    // The last one takes the free place, and goes from there where it belongs.
    sink(last, from: place)
    rise(last, from: last.heapPlace.load(ordering: .relaxed))
  }

  private static func time(_ device: Device) -> Int64 { device.scheduled.load(ordering: .relaxed) }

  private mutating func put(_ device: Device, at place: Int) {
    devices[place] = device
    device.heapPlace.store(place, ordering: .relaxed)
  }

  private mutating func rise(_ device: Device, from start: Int) {
    var place = start
    while place > 0 {
      let parent = (place - 1) / 2
      guard Self.time(device) < Self.time(devices[parent]) else { break }
      put(devices[parent], at: place)
      place = parent
    }
    put(device, at: place)
  }

  private mutating func sink(_ device: Device, from start: Int) {
    var place = start
    while true {
      var child = 2 * place + 1
      guard child < devices.count else { break }
      if child + 1 < devices.count, Self.time(devices[child + 1]) < Self.time(devices[child]) { child += 1 }
      guard Self.time(devices[child]) < Self.time(device) else { break }
      put(devices[child], at: place)
      place = child
    }
    put(device, at: place)
  }
}
