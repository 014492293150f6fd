// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Store

/// All that changes of a device, behind the device's lock.
struct DeviceState {
  /// Nil until the device was declared in this run: it is known from the disk then, but not driven.
  var description: DeviceDescription?
  var layout: TwinLayout?
  /// The model's properties in its order, then those that came over MQTT.
  var properties: [Property] = []
  /// Places in the order of their names' bytes, as messages show them.
  private(set) var sorted: [Int] = []
  /// By place. Few properties have one.
  var desired: [Int: Desired] = [:]

  var link = LinkSnapshot(state: .connecting)
  /// The state as an MQTT client spelled it.
  var spokenState = ""
  var desiredVersion: Int64 = 0
  var reportedVersion: Int64 = 0
  /// Telemetry batches of this run.
  var sequence: UInt64 = 0
  /// Gives the numbers of changes; set once, by the device.
  var changes: ChangeNumbers?
  /// Grows with everything a reader can see.
  var change: UInt64 = 0
  /// The last change that is no property's: link, description, deletion.
  var ownChange: UInt64 = 0
  /// The last change after which a reader has to forget what it knows of the properties: one may have gone.
  var shapeChange: UInt64 = 0
  /// What the log of events is to be told once the lock was left.
  var untold: [EventRecord] = []
  /// Numbers the operations on this device.
  var revision: UInt64 = 0
  /// The last operation that writes the state a client spoke.
  var linkRevision: UInt64 = 0
  /// Operations that are not on disk yet.
  var outstanding = 0

  var nextReport = Int64.max
  var nextDesired = Int64.max
  var isLinkDue = false
  /// Whether the device and its properties have their rows, and when to try again if not.
  var isStored = false
  var nextSave = Int64.max
  var isRemoved = false

  var driver: (any DeviceDriver)?
  /// The layout in which the driver counts properties.
  var driverLayout: TwinLayout?
  /// Grows with every attach: results from an earlier driver count no more.
  var driverGeneration: UInt64 = 0

  func place(of name: String) -> Int? {
    var low = 0
    var high = sorted.count
    while low < high {
      let middle = (low + high) / 2
      if properties[sorted[middle]].name.utf8.lexicographicallyPrecedes(name.utf8) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    if low < sorted.count, properties[sorted[low]].name == name { return sorted[low] }
    // What was appended since the last sorting.
    return properties.indices[sorted.count...].first { properties[$0].name == name }
  }

  /// A mapper of this node drives it, or did in the last run, as long as nobody said otherwise.
  var isMapped: Bool {
    guard let description else { return properties.contains { $0.isMapped } }
    return !(description.protocolName ?? "").isEmpty
  }

  /// After a start, or when a device gets a driver: what is known is of an earlier time. That is no change of
  /// the
  /// device, so nothing is reported for it.
  mutating func awaitMapper(at time: Int64) {
    if link.state != .unavailable { link.since = time }
    link.state = .unavailable
    link.reason = Device.noMapper
    for place in properties.indices where properties[place].isMapped { _ = properties[place].loseLink() }
  }

  /// The word for KubeEdge; empty when nobody ever said one.
  var stateWord: String { isMapped ? link.state.kubeEdgeState : spokenState }

  mutating func append(_ property: Property, desired new: Desired?) {
    let place = properties.count
    properties.append(property)
    properties[place].hasDesired = new != nil
    if let new {
      desired[place] = new
      desiredVersion = max(desiredVersion, new.version)
    }
  }

  /// Takes the last `count` back.
  mutating func removeLast(_ count: Int) {
    for _ in 0..<count {
      desired[properties.count - 1] = nil
      properties.removeLast()
    }
    sortProperties()
  }

  mutating func sortProperties() {
    // Devices of one layout share the order.
    if let layout, layout.count == properties.count,
      zip(properties, layout.forms).allSatisfy({ $0.form === $1 || $0.name == $1.name })
    {
      sorted = layout.sorted
      return
    }
    sorted = properties.indices.sorted {
      properties[$0].name.utf8.lexicographicallyPrecedes(properties[$1].name.utf8)
    }
  }

  mutating func setDesired(_ new: Desired?, at place: Int) {
    desired[place] = new
    properties[place].hasDesired = new != nil
  }

  /// Replaces all properties.
  mutating func replaceProperties(_ new: [(Property, Desired?)]) {
    properties = []
    properties.reserveCapacity(new.count)
    sorted = []
    desired.removeAll()
    for (property, desired) in new { append(property, desired: desired) }
    sortProperties()
  }

  mutating func noteOwnChange() {
    change = changes?.next() ?? change + 1
    ownChange = change
  }

  mutating func noteShapeChange() {
    noteOwnChange()
    shapeChange = change
  }

  mutating func noteChange(at place: Int) {
    change = changes?.next() ?? change + 1
    properties[place].change = change
  }

  func inSync(_ place: Int) -> Bool {
    guard let desired = desired[place] else { return true }
    return desired.equals(properties[place].latest)
  }
}
