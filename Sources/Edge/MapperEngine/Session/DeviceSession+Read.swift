// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI
internal import Synchronization

extension DeviceSession {
  /// Reads one group and hands the batch on.
  func poll(_ group: PollGroup) {
    let failed = read(group.points, into: group)
    let now = WallClock.monotonic
    if failed {
      for group in groups { group.resume(now: now) }
    } else {
      let missed = group.advance(now: now)
      if missed > 0 { counters.missedCycles.add(missed, ordering: .relaxed) }
    }
  }

  /// A device that reports by itself is asked for its values: to open it anew would lose what it has told so far.
  /// One that cannot be asked is opened anew.
  func probe(now: Int64) {
    guard !subscribed.isEmpty else { return reopen(now: now) }
    let group = PollGroup(cycleMilliseconds: 1, points: subscribed)
    if read(subscribed, into: group), link.isOpen, link.report.status.class == .unsupported {
      reopen(now: WallClock.monotonic)
    }
  }

  /// - Returns: whether the link failed.
  private func read(_ points: [UInt32], into group: PollGroup) -> Bool {
    guard let device else { return true }
    let buffer = host.buffers.take(points.count)
    defer { host.buffers.giveBack(buffer) }
    let wasSilent = if case .silent = link.phase { true } else { false }
    let samples = buffer.prepared(for: points)
    let status = inCall(.read, timeoutMilliseconds: binding.callTimeoutMilliseconds) { call in
      points.withUnsafeBufferPointer { points in
        guard let ids = points.baseAddress, let out = samples.baseAddress else { return MapperStatus.ok }
        return MapperStatus(
          rawValue: driver.table.pointee.read(device, call, ids, UInt32(points.count), out))
      }
    }
    counters.reads.add(1, ordering: .relaxed)
    if call.isCancelled, !status.isOK { return true }
    guard status.isOK else {
      readFailed(status)
      return true
    }
    group.failures = finish(samples, of: points)
    tellOfFailures()
    if wasSilent {
      // All groups were silent and go on from here, this one at its own time too.
      let now = WallClock.monotonic
      for group in groups { group.resume(now: now) }
    }
    send(UnsafeBufferPointer(samples))
    return false
  }

  func readFailed(_ status: MapperStatus) {
    counters.readFailures.add(1, ordering: .relaxed)
    let text = reason(status)
    if link.readFailed(status, text, now: WallClock.monotonic, jitter: jitter) { close() }
  }

  func send(_ samples: UnsafeBufferPointer<mapper_sample>) {
    let sent = host.sink.send(samples, session: id, arrival: WallClock.system.nanoseconds, mayWait: true)
    let count = UInt64(samples.count)
    if sent {
      counters.samples.add(count, ordering: .relaxed)
    } else {
      counters.droppedSamples.add(count, ordering: .relaxed)
    }
  }

  /// The link speaks for all groups of the device: else one failing point would make it flip with every poll.
  private func tellOfFailures() {
    let first = groups.first { $0.failures.count > 0 }?.failures
    link.readSucceeded(
      failing: groups.reduce(0) { $0 + $1.failures.count }, total: groups.reduce(0) { $0 + $1.points.count },
      status: first?.status ?? .ok, reason: first?.reason ?? "")
  }

  /// Checks what the driver filled in, and puts the words for failed points beside them.
  private func finish(_ samples: UnsafeMutableBufferPointer<mapper_sample>, of points: [UInt32])
    -> ReadFailures
  {
    var failures = ReadFailures()
    for index in 0..<samples.count {
      let fault = SampleCheck.fault(samples[index], point: points[index])
      if fault == nil, samples[index].status == MAPPER_OK { continue }
      note(fault, of: &samples[index], at: index, point: points[index], in: &failures)
    }
    return failures
  }

  private func note(
    _ fault: StaticString?, of sample: inout mapper_sample, at index: Int, point: UInt32,
    in failures: inout ReadFailures
  ) {
    let status = fault == nil || sample.status == MAPPER_NOT_FILLED ? sample.status : MAPPER_INTERNAL
    var text = fault.map { "\($0)" } ?? call.itemFailures[index] ?? ""
    if text.isEmpty { text = "\(MapperStatus(rawValue: status))" }
    SampleCheck.fail(&sample, point: point, status: status)
    if let copy = text.withUTF8({ call.arena.copy(UnsafeRawBufferPointer($0)) }) {
      sample.value.type = MAPPER_TYPE_TEXT
      sample.value.count = UInt32(text.utf8.count)
      sample.value.data = copy
    }
    if failures.count == 0 {
      failures.status = MapperStatus(rawValue: status)
      failures.reason = "\(boundPoints[Int(point)].name): \(text)"
    }
    failures.count += 1
  }
}
