// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import JSON
import Synchronization

/// Twins in memory, with the rules that the API relies on.
final class FakeTwins: TwinService {
  struct State {
    var devices: [DeviceName: DeviceSnapshot] = [:]
    var watches: [ObjectIdentifier: FakeWatch] = [:]
    var refusal: TwinError?
    var sets = 0
  }
  private let state = Mutex(State())

  /// How many watches are held.
  var watchCount: Int { state.withLock { $0.watches.count } }
  /// How many sets reached the twins.
  var setCount: Int { state.withLock { $0.sets } }

  func refuse(with error: TwinError?) { state.withLock { $0.refusal = error } }

  func add(_ device: DeviceSnapshot) {
    let watches = state.withLock { state in
      state.devices[device.name] = device
      return Array(state.watches.values)
    }
    for watch in watches { watch.mark(device.name) }
  }

  func remove(_ name: DeviceName) {
    let watches = state.withLock { state in
      state.devices[name] = nil
      return Array(state.watches.values)
    }
    for watch in watches { watch.mark(name) }
  }

  func report(_ value: Value, _ property: String, of name: DeviceName) {
    change(name) { device in
      guard let place = device.properties.firstIndex(where: { $0.name == property }) else { return }
      device.properties[place].reported = ReportedSnapshot(
        value: value, quality: .good, sourceTime: 0, time: 1_000_000, failure: nil)
      device.properties[place].change = device.change
    }
  }

  func finish(_ property: String, of name: DeviceName, as fate: DesiredState, error: String = "") {
    change(name) { device in
      guard let place = device.properties.firstIndex(where: { $0.name == property }) else { return }
      device.properties[place].desired?.state = fate
      device.properties[place].desired?.error = error
      device.properties[place].change = device.change
    }
  }

  private func change(_ name: DeviceName, _ body: (inout DeviceSnapshot) -> Void) {
    let watches = state.withLock { state in
      guard var device = state.devices[name] else { return [FakeWatch]() }
      device.change += 1
      body(&device)
      state.devices[name] = device
      return Array(state.watches.values)
    }
    for watch in watches { watch.mark(name) }
  }

  func deviceNames() -> [DeviceName] { state.withLock { $0.devices.keys.sorted() } }

  func device(_ name: DeviceName) -> DeviceSnapshot? { state.withLock { $0.devices[name] } }

  func setDesired(
    _ changes: [(property: String, value: JSON?)], of device: DeviceName, origin: DesiredOrigin,
    ifVersion: Int64?
  ) async throws(TwinError) -> DeviceSnapshot {
    let result: Result<DeviceSnapshot, TwinError> = state.withLock { state in
      if let refusal = state.refusal { return .failure(refusal) }
      guard var twin = state.devices[device] else { return .failure(.deviceNotFound(device)) }
      if let ifVersion, ifVersion != twin.desiredVersion {
        return .failure(.conflict(current: twin.desiredVersion))
      }
      state.sets += 1
      twin.change += 1
      twin.desiredVersion += 1
      for change in changes {
        guard let place = twin.properties.firstIndex(where: { $0.name == change.property }) else {
          return .failure(.propertyNotFound(device: device, property: change.property))
        }
        let property = twin.properties[place]
        guard property.isWritable else { return .failure(.readOnly(property: change.property)) }
        twin.properties[place].change = twin.change
        guard let json = change.value else {
          twin.properties[place].desired = nil
          continue
        }
        let text = json.string ?? json.text
        guard let value = Value(parsing: text, as: property.type) else {
          return .failure(.invalid(property: change.property, value: text, expected: property.type.twinName))
        }
        twin.properties[place].desired = DesiredSnapshot(
          value: value, version: twin.desiredVersion, time: 2_000_000, origin: origin, state: .pending,
          error: "",
          attempts: 0, stateTime: 2_000_000)
      }
      state.devices[device] = twin
      return .success(twin)
    }
    let watches = state.withLock { Array($0.watches.values) }
    for watch in watches { watch.mark(device) }
    return try result.get()
  }

  func watch(_ filter: WatchFilter) -> any TwinWatch {
    let watch = FakeWatch(filter, twins: self)
    state.withLock { $0.watches[ObjectIdentifier(watch)] = watch }
    for name in deviceNames() { watch.mark(name) }
    return watch
  }

  func forget(_ watch: FakeWatch) {
    state.withLock { _ = $0.watches.removeValue(forKey: ObjectIdentifier(watch)) }
  }
}

/// Keeps which devices changed, as the real one does.
final class FakeWatch: TwinWatch {
  private struct State {
    var dirty: [DeviceName] = []
    var delivered: [DeviceName: UInt64] = [:]
    var waiter: CheckedContinuation<Void, Never>?
    var isCancelled = false
  }
  private let filter: WatchFilter
  private let twins: FakeTwins
  private let state = Mutex(State())

  init(_ filter: WatchFilter, twins: FakeTwins) {
    self.filter = filter
    self.twins = twins
  }

  func mark(_ name: DeviceName) {
    guard filter.device ?? name == name, filter.namespace ?? name.namespace == name.namespace else { return }
    wake { state in
      if !state.dirty.contains(name) { state.dirty.append(name) }
    }
  }

  func cancel() {
    wake { $0.isCancelled = true }
    twins.forget(self)
  }

  private func wake(_ body: (inout State) -> Void) {
    let waiter = state.withLock { state in
      body(&state)
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
  }

  func next() async -> TwinChange? {
    while true {
      await withCheckedContinuation { continuation in
        let waits = state.withLock { state in
          guard state.dirty.isEmpty, !state.isCancelled else { return false }
          state.waiter = continuation
          return true
        }
        if !waits { continuation.resume() }
      }
      let (name, since, isCancelled) = state.withLock { state in
        let name = state.dirty.isEmpty ? nil : state.dirty.removeFirst()
        return (name, name.flatMap { state.delivered[$0] }, state.isCancelled)
      }
      if isCancelled { return nil }
      guard let name else { continue }
      guard var device = twins.device(name) else {
        if since == nil { continue }
        state.withLock { $0.delivered[name] = nil }
        return .removed(name)
      }
      state.withLock { $0.delivered[name] = device.change }
      device.properties = device.properties.filter {
        property in
        (since.map { property.change > $0 } ?? true) && (filter.properties?.contains(property.name) ?? true)
      }
      if since != nil, device.properties.isEmpty { continue }
      return .changed(device)
    }
  }
}
