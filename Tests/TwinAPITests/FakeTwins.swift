// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import JSON
import Synchronization

/// Twins in memory, with the rules that the API relies on.
final class FakeTwins: TwinAccess {
  struct State {
    var devices: [DeviceName: DeviceSnapshot] = [:]
    var watches: [ObjectIdentifier: FakeWatch] = [:]
    var followers: [ObjectIdentifier: FakeFollower] = [:]
    /// Of the last change; all devices share the numbers.
    var position: UInt64 = 100
    var removed: [(position: UInt64, name: DeviceName)] = []
    var batches: [TwinBatch] = []
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
    tell(device.name, isRemoved: false) { state in
      var device = device
      for place in device.properties.indices where device.properties[place].change == device.change {
        device.properties[place].change = state.position
      }
      device.change = state.position
      state.devices[device.name] = device
    }
  }

  func remove(_ name: DeviceName) {
    tell(name, isRemoved: true) { state in
      state.devices[name] = nil
      state.removed.append((state.position, name))
    }
  }

  private func tell(_ name: DeviceName, isRemoved: Bool, _ body: (inout State) -> Void) {
    let (watches, followers) = state.withLock { state in
      state.position += 1
      body(&state)
      for follower in state.followers.values { follower.note(name, isRemoved: isRemoved) }
      return (Array(state.watches.values), Array(state.followers.values))
    }
    for watch in watches { watch.mark(name) }
    for follower in followers { follower.wakeUp() }
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
    tell(name, isRemoved: false) { state in
      guard var device = state.devices[name] else { return }
      device.change = state.position
      body(&device)
      state.devices[name] = device
    }
  }

  /// How many streams of the API are followed.
  var followerCount: Int { state.withLock { $0.followers.count } }
  var batches: [TwinBatch] { state.withLock { $0.batches } }

  func read<Result>(_ name: DeviceName, _ body: (any DeviceView) -> Result) -> Result? {
    device(name).map { body($0) }
  }

  func device(_ name: DeviceName, after change: UInt64?, only names: Set<String>?) -> DeviceSnapshot? {
    guard var device = device(name) else { return nil }
    device.isComplete = change == nil
    device.properties = device.properties.filter {
      (change ?? 0) < $0.change && names?.contains($0.name) ?? true
    }
    return device
  }

  /// Takes every entry whose device is known; all or nothing, the first that is not refuses the batch.
  func apply(_ batch: TwinBatch, caller: Caller) async throws(TwinBatch.Refusal) -> [TwinBatch.Outcome] {
    let names = batch.desired.map(\.device) + batch.reported.map(\.device)
    if batch.mode == .all, let index = names.firstIndex(where: { device($0) == nil }) {
      throw .init(entry: index, error: .deviceNotFound(names[index]))
    }
    state.withLock { $0.batches.append(batch) }
    return names.map { name in
      device(name) == nil
        ? .failure(.deviceNotFound(name)) : .success(.init(desired: 4, reported: 42))
    }
  }

  func follow(_ wake: @escaping @Sendable () -> Void) -> any TwinFollower {
    let follower = FakeFollower(twins: self, wake: wake)
    state.withLock { $0.followers[ObjectIdentifier(follower)] = follower }
    return follower
  }

  func forget(_ follower: FakeFollower) {
    state.withLock { _ = $0.followers.removeValue(forKey: ObjectIdentifier(follower)) }
  }

  fileprivate func take<Result>(_ body: (UInt64) -> Result) -> Result {
    state.withLock { body($0.position) }
  }

  var epoch: Int64 { 7 }
  var position: UInt64 { state.withLock { $0.position } }

  func removals(after position: UInt64) -> [DeviceName]? {
    state.withLock { state in
      position > state.position ? nil : state.removed.filter { $0.position > position }.map(\.name)
    }
  }

  func deviceNames() -> [DeviceName] { state.withLock { $0.devices.keys.sorted() } }

  func device(_ name: DeviceName) -> DeviceSnapshot? { state.withLock { $0.devices[name] } }

  func setDesired(
    _ changes: [DesiredChange], of device: DeviceName, origin: DesiredOrigin, caller: Caller,
    ifVersion: Int64?
  ) async throws(TwinError) -> DeviceSnapshot {
    let result: Result<DeviceSnapshot, TwinError> = state.withLock { state in
      if let refusal = state.refusal { return .failure(refusal) }
      guard var twin = state.devices[device] else { return .failure(.deviceNotFound(device)) }
      if let ifVersion, ifVersion != twin.desiredVersion {
        return .failure(.conflict(current: twin.desiredVersion))
      }
      state.sets += 1
      state.position += 1
      twin.change = state.position
      twin.desiredVersion += 1
      for change in changes {
        guard let place = twin.properties.firstIndex(where: { $0.name == change.property }) else {
          return .failure(.propertyNotFound(device: device, property: change.property))
        }
        let property = twin.properties[place]
        guard property.isWritable else { return .failure(.readOnly(property: change.property)) }
        if let wanted = change.ifReported?.int, property.reported?.value != .int(wanted) {
          return .failure(
            .reportedDiffers(property: change.property, reported: property.reported?.value))
        }
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
    tell(device, isRemoved: false) { _ in }
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

/// Keeps which devices changed, as the real one does.
final class FakeFollower: TwinFollower {
  private let twins: FakeTwins
  private let wake: @Sendable () -> Void
  private let notes = Mutex<[DeviceName: TwinNotes.Note]>([:])

  init(twins: FakeTwins, wake: @escaping @Sendable () -> Void) {
    self.twins = twins
    self.wake = wake
  }

  func note(_ name: DeviceName, isRemoved: Bool) {
    notes.withLock { notes in
      let changes = (notes[name]?.changes ?? 0) + 1
      notes[name] = .init(device: name, instance: 0, isRemoved: isRemoved, changes: changes)
    }
  }

  func wakeUp() { wake() }

  func take() -> TwinNotes {
    twins.take { position in
      notes.withLock { notes in
        defer { notes = [:] }
        return TwinNotes(notes: Array(notes.values), position: position)
      }
    }
  }

  func cancel() { twins.forget(self) }
}
