// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Synchronization

/// One reader of changes.
///
/// It keeps the devices that changed since its last answer, each once, and up to which change it has seen
/// them. A change that finds its device on the list already wakes nobody.
final class Watch: TwinWatch {
  /// What is to be looked at under a name. `device` nil: it is gone.
  private struct Note {
    var id: Int64
    var device: Device?

    /// Notes come late and out of order. A device that came back has a greater id than before, and what is
    /// gone does not change any more.
    func outlasts(_ other: Note) -> Bool { id > other.id || (id == other.id && device == nil) }
  }

  private struct State {
    var pending: [DeviceName: Note] = [:]
    /// First come, first served.
    var order: [DeviceName] = []
    /// Up to which change of which device of that name; one that came back under its name is another.
    var seen: [DeviceName: (device: Int64, change: UInt64)] = [:]
    var waiter: CheckedContinuation<Void, Never>?
    var isCancelled = false
  }

  private let filter: WatchFilter
  private let hub: WatchHub
  private let state = Mutex(State())

  init(_ filter: WatchFilter, hub: WatchHub) {
    self.filter = filter
    self.hub = hub
  }

  deinit { hub.remove(ObjectIdentifier(self)) }

  func includes(_ name: DeviceName) -> Bool {
    if let wanted = filter.device, wanted != name { return false }
    if let wanted = filter.namespace, wanted != name.namespace { return false }
    return true
  }

  func deviceChanged(_ device: Device) {
    if includes(device.name) { note(device.name, Note(id: device.id, device: device)) }
  }

  func deviceRemoved(_ device: Device) {
    if includes(device.name) { note(device.name, Note(id: device.id, device: nil)) }
  }

  private func note(_ name: DeviceName, _ new: Note) {
    let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
      guard !state.isCancelled else { return nil }
      if let known = state.pending[name] {
        if !known.outlasts(new) { state.pending[name] = new }
        return nil
      }
      state.pending[name] = new
      state.order.append(name)
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
  }

  func next() async -> TwinChange? {
    while true {
      switch take() {
      case .over: return nil
      case .removed(let name): return .removed(name)
      case .changed(let device, let seen):
        if let change = change(of: device, after: seen) { return change }
      case .nothing: await change()
      }
    }
  }

  func cancel() {
    let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
      state.isCancelled = true
      state.pending = [:]
      state.order = []
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
    hub.remove(ObjectIdentifier(self))
  }

  private enum Found {
    case nothing
    case over
    case removed(DeviceName)
    case changed(Device, after: UInt64?)
  }

  private func take() -> Found {
    state.withLock { state in
      if state.isCancelled { return .over }
      guard let name = state.order.first else { return .nothing }
      state.order.removeFirst()
      guard let note = state.pending.removeValue(forKey: name) else { return .nothing }
      if let device = note.device {
        let seen = state.seen[name]
        return .changed(device, after: seen?.device == device.id ? seen?.change : nil)
      }
      // A device that this reader never saw need not be told gone.
      return state.seen.removeValue(forKey: name) == nil ? .nothing : .removed(name)
    }
  }

  /// Nil when nothing changed that the filter asks for.
  private func change(of device: Device, after seen: UInt64?) -> TwinChange? {
    let (snapshot, ownChange) = device.state.withLock { state in
      (
        state.isRemoved ? nil : device.snapshot(of: state, after: seen, only: filter.properties),
        state.ownChange
      )
    }
    guard let snapshot else { return nil }
    state.withLock { $0.seen[device.name] = (device.id, snapshot.change) }
    if let seen, snapshot.properties.isEmpty, ownChange <= seen { return nil }
    return .changed(snapshot)
  }

  private func change() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isDue = state.withLock { state in
          // One reader at a time: another one's wait ends, and it looks again.
          let other = state.waiter
          guard state.order.isEmpty, !state.isCancelled else { return (now: true, other: other) }
          state.waiter = continuation
          return (now: false, other: other)
        }
        if isDue.now { continuation.resume() } else { isDue.other?.resume() }
      }
    } onCancel: {
      cancel()
    }
  }
}
