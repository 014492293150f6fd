// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import NIOCore

/// Serves the streams of one event loop: takes the notes of what changed, has each group encode its events once, and
/// writes them to the group's streams, with no task, timer or lock for each of them.
///
/// Sound as `@unchecked Sendable`: all of its state is touched on `loop` only.
final class WatchPump: @unchecked Sendable {
  /// Streams that are written to, or devices that one of them is told, before the loop may do other things.
  private static let turn = 64

  private let loop: any EventLoop
  private let twins: any TwinAccess
  private let heartbeat: Duration
  private var follower: (any TwinFollower)?
  private var groups: [StreamFilter: WatchGroup] = [:]
  private var position: UInt64 = 0
  private var timer: RepeatedTask?
  /// What beats with the streams: sockets that watch nothing.
  private var beating: [ObjectIdentifier: () -> Void] = [:]
  private var deliveries: [Delivery] = []
  private var isDelivering = false
  private var isDue = false

  private struct Delivery {
    let steps: [WatchGroup.Step]
    let streams: [WatchStream]
    let before: UInt64
    let position: UInt64
    var next = 0
  }

  init(loop: any EventLoop, twins: any TwinAccess, heartbeat: Duration) {
    self.loop = loop
    self.twins = twins
    self.heartbeat = heartbeat
  }

  // MARK: Streams

  /// On the loop.
  func join(_ stream: WatchStream) {
    startIfNeeded()
    let group: WatchGroup
    if let known = groups[stream.filter] {
      group = known
    } else {
      group = WatchGroup(stream.filter, twins: twins, position: position)
      groups[stream.filter] = group
    }
    group.add(stream)
    stream.delivered = group.delivery
    stream.output.onWritable = { [weak self, weak stream] in
      if let self, let stream { catchUp(stream) }
    }
    if case .after(let start) = stream.start {
      if let removed = twins.removals(after: start) {
        stream.position = start
        for name in removed where stream.filter.devices.includes(name) {
          stream.owe(name, .init(after: nil, changes: 1, isKnown: true, isRemoved: true))
        }
      } else {
        stream.start = .reset
      }
    }
    if stream.start == .reset {
      stream.send(.reset(id: group.id(0)))
      stream.output.flush()
    }
    stream.backlog = group.firstNames()[...]
    if stream.isInStep { stream.position = group.position }
    catchUp(stream)
  }

  /// On the loop. Nothing is written to it any more.
  func leave(_ stream: WatchStream) {
    guard stream.isOpen else { return }
    stream.isOpen = false
    stream.debts = [:]
    stream.order = []
    stream.backlog = []
    guard let group = groups[stream.filter] else { return }
    group.remove(stream)
    if group.streams.isEmpty { groups[stream.filter] = nil }
    stopIfIdle()
  }

  /// On the loop. Calls `beat` with every heartbeat.
  func beat(_ owner: AnyObject, _ beat: @escaping () -> Void) {
    beating[ObjectIdentifier(owner)] = beat
    startIfNeeded()
  }

  func stopBeating(_ owner: AnyObject) {
    beating[ObjectIdentifier(owner)] = nil
    stopIfIdle()
  }

  private func startIfNeeded() {
    if follower == nil {
      follower = twins.follow { [weak self, loop] in loop.execute { [weak self] in self?.pass() } }
      position = follower?.take().position ?? 0
    }
    guard timer == nil else { return }
    let delay = TimeAmount(heartbeat)
    timer = loop.scheduleRepeatedTask(initialDelay: delay, delay: delay) { [weak self] _ in self?.beat() }
  }

  private func stopIfIdle() {
    guard groups.isEmpty, beating.isEmpty else { return }
    timer?.cancel()
    timer = nil
    follower?.cancel()
    follower = nil
    isDue = false
  }

  // MARK: Changes

  /// What changed since the last pass goes to the streams in step. While one pass is being written the next one
  /// waits, and its notes gather.
  private func pass() {
    guard let follower else { return }
    guard !isDelivering else {
      isDue = true
      return
    }
    let notes = follower.take()
    position = notes.position
    for group in groups.values {
      let before = group.position
      let steps = group.steps(for: notes)
      guard !steps.isEmpty else { continue }
      deliveries.append(
        Delivery(steps: steps, streams: group.streams, before: before, position: notes.position))
    }
    isDelivering = true
    deliver()
  }

  private func deliver() {
    var left = Self.turn
    while var delivery = deliveries.popLast() {
      while delivery.next < delivery.streams.count, left > 0 {
        give(delivery, to: delivery.streams[delivery.next])
        delivery.next += 1
        left -= 1
      }
      guard delivery.next == delivery.streams.count else {
        deliveries.append(delivery)
        loop.execute { self.deliver() }
        return
      }
    }
    isDelivering = false
    if isDue {
      isDue = false
      pass()
    }
  }

  private func give(_ delivery: Delivery, to stream: WatchStream) {
    guard stream.isOpen, stream.delivered < delivery.position else { return }
    stream.delivered = delivery.position
    let sharesEvents = stream.isInStep && !stream.hasReadAhead
    if stream.isInStep { stream.position = max(stream.position, delivery.before) }
    stream.hasReadAhead = false
    var hasWritten = false
    for step in delivery.steps {
      if sharesEvents, stream.isInStep, stream.output.isWritable {
        guard let event = step.event else { continue }
        stream.send(event)
        hasWritten = true
      } else if step.event != nil || !sharesEvents,
        step.note.isRemoved || !stream.awaits(step.note.device)
      {
        stream.owe(
          step.note.device,
          .init(
            after: delivery.before, changes: step.note.changes, isKnown: step.wasKnown,
            isRemoved: step.note.isRemoved))
      }
    }
    if hasWritten { stream.output.flush() }
    if stream.isInStep { stream.position = delivery.position } else { catchUp(stream) }
  }

  /// Writes what a stream owes, as long as its connection takes it.
  private func catchUp(_ stream: WatchStream) {
    guard stream.isOpen, !stream.isInStep, !stream.isScheduled, let group = groups[stream.filter] else {
      return
    }
    var left = Self.turn
    var hasWritten = false
    while stream.output.isWritable, left > 0 {
      left -= 1
      let id: String
      let events: [StreamEvent]
      if let (name, debt) = stream.takeDebt() {
        id = group.id(stream.isInStep ? group.position : stream.position)
        events = group.events(paying: debt, of: name, id: id)
      } else if let name = stream.backlog.popFirst() {
        id = group.id(stream.isInStep ? group.position : stream.position)
        events = group.event(introducing: name, to: stream, id: id).map { [$0] } ?? []
      } else {
        break
      }
      for event in events { stream.send(event) }
      hasWritten = hasWritten || !events.isEmpty
    }
    if hasWritten { stream.output.flush() }
    if stream.isInStep {
      // What changes from now on comes with the next pass.
      stream.backlog = []
      if stream.delivered < group.delivery {
        stream.hasReadAhead = true
      } else {
        stream.position = group.position
      }
    } else if left == 0 {
      stream.isScheduled = true
      loop.execute {
        stream.isScheduled = false
        self.catchUp(stream)
      }
    }
  }

  // MARK: Heartbeat

  private func beat() {
    for group in groups.values {
      var comment: ByteBuffer?
      for stream in group.streams where stream.form == .eventStream {
        defer { stream.isQuiet = true }
        guard stream.isQuiet, stream.output.isWritable else { continue }
        // The id moves a quiet reader's position on, so that what it comes back with does not grow old.
        let isCurrent = stream.isInStep && !isDelivering
        let bytes = isCurrent ? comment ?? Self.comment(id: group.id(group.position)) : Self.comment(id: nil)
        if isCurrent { comment = bytes }
        stream.output.write(bytes)
        stream.output.flush()
      }
    }
    for beat in beating.values { beat() }
  }

  private static func comment(id: String?) -> ByteBuffer {
    StreamEvent.chunk(Array((id.map { ":\nid: \($0)\n\n" } ?? ":\n\n").utf8))
  }
}
