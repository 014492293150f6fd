// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Synchronization

extension Device {
  /// A copy of the device, or of what changed of it after `change`.
  func snapshot(after change: UInt64? = nil, only names: Set<String>? = nil) -> DeviceSnapshot {
    state.withLock { snapshot(of: $0, after: change, only: names) }
  }

  func snapshot(of state: borrowing DeviceState, after change: UInt64? = nil, only names: Set<String>? = nil)
    -> DeviceSnapshot
  {
    let isComplete = change.map { $0 < state.shapeChange } ?? true
    var properties: [PropertySnapshot] = []
    let modelled = state.layout?.count ?? 0
    func add(_ place: Int) {
      let property = state.properties[place]
      guard property.isLive, isComplete || property.change > change ?? 0,
        names?.contains(property.name) ?? true
      else { return }
      properties.append(snapshot(of: place, in: state))
    }
    for place in 0..<min(modelled, state.properties.count) { add(place) }
    for place in state.sorted where place >= modelled { add(place) }
    return DeviceSnapshot(
      name: name, model: state.description?.model ?? "", labels: state.description?.labels ?? [:],
      protocolName: state.description?.protocolName, link: state.link, desiredVersion: state.desiredVersion,
      reportedVersion: state.reportedVersion, properties: properties, change: state.change,
      sequence: state.sequence, ownChange: state.ownChange, instance: id,
      isComplete: isComplete)
  }

  func snapshot(of place: Int, in state: borrowing DeviceState) -> PropertySnapshot {
    let property = state.properties[place]
    let definition = state.definition(of: place)
    return PropertySnapshot(
      name: property.name, type: property.type, isWritable: definition?.isWritable ?? !property.isMapped,
      minimum: definition?.minimum, maximum: definition?.maximum, unit: definition?.unit,
      isMapped: property.isMapped, reported: property.latest.snapshot,
      desired: state.desired[place]?.snapshot,
      inSync: state.inSync(place), change: property.change)
  }
}

extension DeviceState {
  /// What the model says of a property; nil for those that came over MQTT.
  func definition(of place: Int) -> PropertyDescription? {
    guard let description, place < description.properties.count else { return nil }
    return description.properties[place]
  }
}
