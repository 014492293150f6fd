// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// The streams of one filter.
final class WatchGroup {
  let filter: StreamFilter
  private let epoch: Int64
  private let twins: any TwinAccess
  private(set) var streams: [WatchStream] = []
  /// Up to which change the streams in step have been told.
  var position: UInt64
  /// The position of the last delivery.
  private(set) var delivery: UInt64 = 0
  /// Shared by the streams that begin, until a device comes that is not among them.
  private var names: [DeviceName]?
  /// The devices that the filter takes, where more than the name decides.
  private var members = Set<DeviceName>()
  /// Devices that were read later than `position` says, and up to where.
  private var ahead: [Int64: UInt64] = [:]

  init(_ filter: StreamFilter, twins: any TwinAccess, position: UInt64) {
    self.filter = filter
    self.twins = twins
    self.position = position
    epoch = twins.epoch
    guard filter.devices.looksInside else { return }
    let now = WallClock.system.nanoseconds
    for name in twins.deviceNames() where filter.devices.includes(name) {
      if twins.read(name, { filter.devices.matches($0, now: now) }) ?? false { members.insert(name) }
    }
  }

  func add(_ stream: WatchStream) {
    stream.index = streams.count
    streams.append(stream)
  }

  func remove(_ stream: WatchStream) {
    guard stream.index < streams.count, streams[stream.index] === stream, let last = streams.popLast() else {
      return
    }
    if last !== stream {
      streams[stream.index] = last
      last.index = stream.index
    }
  }

  /// The devices that a stream begins with, sorted.
  func firstNames() -> [DeviceName] {
    if let device = filter.devices.device { return filter.devices.includes(device) ? [device] : [] }
    if let names { return names }
    let all = twins.deviceNames().filter { filter.devices.includes($0) }
    names = all
    return all
  }

  func id(_ position: UInt64) -> String { "\(epoch)-\(position)" }

  /// A note, and what its devices' streams in step are told for it; nil: nothing.
  struct Step {
    let note: TwinNotes.Note
    let wasKnown: Bool
    var event: StreamEvent?
  }

  /// What the notes mean to streams in step. The last event carries the new position, those before the old one: a
  /// reader that comes back with one of these gets the rest.
  func steps(for notes: TwinNotes) -> [Step] {
    let relevant = notes.notes.filter { filter.devices.includes($0.device) }
    ahead = ahead.filter { $0.value > notes.position }
    if !relevant.isEmpty {
      delivery = notes.position
      // As rare as a new device, so that the list may be made anew.
      if let names, !relevant.allSatisfy({ names[...].contains(sorted: $0.device) }) { self.names = nil }
    }
    let before = position
    position = notes.position
    var steps: [Step] = []
    var bodies: [(Int, Telling)] = []
    for note in relevant {
      let wasKnown = !filter.devices.looksInside || members.contains(note.device)
      if let telling = tell(note, wasKnown: wasKnown, after: max(before, ahead[note.instance] ?? 0)) {
        bodies.append((steps.count, telling))
      }
      steps.append(Step(note: note, wasKnown: wasKnown))
    }
    for (place, (index, telling)) in bodies.enumerated() {
      let id = id(place == bodies.count - 1 ? notes.position : before)
      steps[index].event = telling.event(coalesced: steps[index].note.changes - 1, id: id)
    }
    return steps
  }

  private enum Telling {
    case changed(DeviceSnapshot)
    case removed(DeviceName)

    func event(coalesced: Int, id: String) -> StreamEvent {
      switch self {
      case .changed(let device): .changed(device, coalesced: coalesced, id: id)
      case .removed(let name): .removed(name, id: id)
      }
    }
  }

  private func tell(_ note: TwinNotes.Note, wasKnown: Bool, after: UInt64) -> Telling? {
    if note.isRemoved {
      members.remove(note.device)
      return wasKnown ? .removed(note.device) : nil
    }
    // One that came back is told under the note of its own.
    guard let whole = filter.devices.looksInside ? twins.device(note.device) : nil else {
      guard !filter.devices.looksInside,
        let device = twins.device(note.device, after: after, only: filter.properties),
        device.instance == note.instance
      else { return nil }
      noteAhead(device)
      return Self.isNews(device, after: after) ? .changed(device) : nil
    }
    guard whole.instance == note.instance else { return nil }
    let matches = filter.devices.matches(whole, now: WallClock.system.nanoseconds)
    noteAhead(whole)
    guard matches else {
      members.remove(note.device)
      return wasKnown ? .removed(note.device) : nil
    }
    members.insert(note.device)
    let device = twins.device(note.device, after: wasKnown ? after : nil, only: filter.properties)
    guard let device, device.instance == note.instance, !wasKnown || Self.isNews(device, after: after) else {
      return nil
    }
    return .changed(device)
  }

  private func noteAhead(_ device: DeviceSnapshot) {
    if device.change > position { ahead[device.instance] = device.change }
  }

  /// Whether the filter asks for anything of what changed.
  private static func isNews(_ device: DeviceSnapshot, after: UInt64) -> Bool {
    !device.properties.isEmpty || device.ownChange > after
  }

  // MARK: Streams that are behind

  /// What pays a debt, as of now: none, one or two events.
  func events(paying debt: WatchStream.Debt, of name: DeviceName, id: String) -> [StreamEvent] {
    var events: [StreamEvent] = []
    var isKnown = debt.isKnown
    if debt.isRemoved, isKnown {
      events.append(.removed(name, id: id))
      isKnown = false
    }
    let matches =
      twins.read(name) { device in
        !filter.devices.looksInside || filter.devices.matches(device, now: WallClock.system.nanoseconds)
      } ?? false
    guard matches,
      let device = twins.device(name, after: isKnown ? debt.after : nil, only: filter.properties)
    else {
      if isKnown { events.append(.removed(name, id: id)) }
      return events
    }
    if !isKnown || Self.isNews(device, after: debt.after ?? 0) {
      events.append(.changed(device, coalesced: max(debt.changes - 1, 0), id: id))
    }
    return events
  }

  /// A device that a stream meets for the first time.
  func event(introducing name: DeviceName, to stream: WatchStream, id: String) -> StreamEvent? {
    switch stream.start {
    case .beginning, .reset:
      return events(
        paying: .init(after: nil, changes: 0, isKnown: false, isRemoved: false), of: name, id: id
      ).first
    case .after(let position):
      guard let device = twins.device(name, after: position, only: filter.properties),
        device.change > position
      else { return nil }
      guard filter.devices.looksInside else {
        return Self.isNews(device, after: position) ? .changed(device, coalesced: 0, id: id) : nil
      }
      // Whether the reader knows it is not known here: all of it, or that it is gone.
      return events(
        paying: .init(after: nil, changes: 0, isKnown: false, isRemoved: false), of: name, id: id
      ).first
        ?? .removed(name, id: id)
    }
  }
}
