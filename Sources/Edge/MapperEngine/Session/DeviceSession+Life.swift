// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI

/// From create to destroy.
extension DeviceSession {
  /// Makes the device and binds its points.
  ///
  /// - Returns: what to tell the host; when its status is not OK, the session is over.
  func create() -> BindOutcome {
    var outcome = BindOutcome(session: id, status: .ok, reason: "", refusedPoints: [])
    let settings = NativeSettings(binding.settings)
    var made: OpaquePointer?
    let created = inCall(.create, timeoutMilliseconds: binding.openTimeoutMilliseconds) { call in
      withUnsafePointer(to: settings.settings) { settings in
        MapperStatus(
          rawValue: driver.table.pointee.create(host.handle, UInt64(id), settings, call, &made))
      }
    }
    guard created.isOK, let made else {
      outcome.status = created.isOK ? .internal : created
      outcome.reason = created.isOK ? "create gave no device" : reason(created)
      return outcome
    }
    device = made
    bind(made, &outcome)
    if !outcome.status.isOK { destroy() }
    forgetSettings()
    return outcome
  }

  private func bind(_ device: OpaquePointer, _ outcome: inout BindOutcome) {
    // An array without elements has no address, and the ABI wants one.
    var results = [mapper_status](repeating: MAPPER_NOT_FILLED, count: max(1, boundPoints.count))
    let native = NativePoints(boundPoints)
    let status = inCall(.bind, timeoutMilliseconds: binding.openTimeoutMilliseconds) { call in
      results.withUnsafeMutableBufferPointer { results in
        guard let base = results.baseAddress, let first = native.first else { return MapperStatus.ok }
        return MapperStatus(
          rawValue: driver.table.pointee.bind(device, call, first, UInt32(boundPoints.count), base))
      }
    }
    guard status.isOK else {
      outcome.status = status
      outcome.reason = reason(status)
      return
    }
    for (index, result) in results.prefix(boundPoints.count).enumerated() {
      let result = MapperStatus(rawValue: result)
      isServed[index] = result.isOK
      if !result.isOK {
        let text = call.itemFailures[index] ?? "\(result)"
        outcome.refusedPoints.append(.init(point: UInt32(index), status: result, text: text))
      }
    }
  }

  func open(now: Int64) {
    guard let device else { return }
    let status = inCall(.open, timeoutMilliseconds: binding.openTimeoutMilliseconds) { call in
      MapperStatus(rawValue: driver.table.pointee.open(device, call))
    }
    guard status.isOK else {
      link.openFailed(status, reason(status), now: WallClock.monotonic, jitter: jitter)
      return
    }
    guard !call.isCancelled else {
      // The session ends: it is open, and destroy closes it.
      link.openSucceeded(isPolled: true, now: now)
      return
    }
    var polled = boundPoints.indices.filter { isServed[$0] }.map { UInt32($0) }
    if driver.subscribe != nil {
      guard let rest = subscribe(device, points: polled) else { return }
      let left = Set(rest)
      subscribed = polled.filter { !left.contains($0) }
      polled = rest
    }
    makeGroups(polled)
    link.openSucceeded(isPolled: !groups.isEmpty, now: WallClock.monotonic)
  }

  /// Points that share a cycle are read in one batch. Kept over a reopen, so that phases stay apart.
  private func makeGroups(_ points: [UInt32]) {
    let now = WallClock.monotonic
    let cyclic = points.filter { boundPoints[Int($0)].cycleMilliseconds > 0 }
    if groups.flatMap(\.points).sorted() == cyclic.sorted() {
      for group in groups { group.resume(now: now) }
      groups.min { $0.due < $1.due }?.bringForward(to: now)
      return
    }
    groups = Dictionary(grouping: cyclic) { boundPoints[Int($0)].cycleMilliseconds }
      .sorted { $0.key < $1.key }
      .map { PollGroup(cycleMilliseconds: $0.key, points: $0.value.sorted()) }
    for (index, group) in groups.enumerated() {
      // The golden ratio spreads any number of devices evenly.
      let place = Double(id) + Double(index) * 0.5
      let fraction = (place * 0.618_033_988_749_895).truncatingRemainder(dividingBy: 1)
      group.start(at: now, fraction: fraction, atOnce: binding.startsAtOnce)
    }
  }

  /// Starts a subscription over `points`.
  ///
  /// - Returns: the points that the driver leaves to polling; nil when it failed (and the link says so).
  private func subscribe(_ device: OpaquePointer, points: [UInt32]) -> [UInt32]? {
    guard let table = driver.subscribe, !points.isEmpty else { return points }
    let subscription = host.add {
      Subscription(
        id: $0, session: id, pointCount: boundPoints.count, sink: host.sink, counters: counters)
    }
    var results = [mapper_status](repeating: MAPPER_NOT_FILLED, count: points.count)
    let status = inCall(.subscribe, timeoutMilliseconds: binding.openTimeoutMilliseconds) { call in
      points.withUnsafeBufferPointer { points in
        results.withUnsafeMutableBufferPointer { results in
          guard let first = points.baseAddress, let base = results.baseAddress else {
            return MapperStatus.internal
          }
          return MapperStatus(
            rawValue: table.pointee.start(device, call, subscription.id, first, UInt32(points.count), 0, base)
          )
        }
      }
    }
    guard status.isOK || status.class == .unsupported else {
      let text = reason(status)
      host.remove(subscription)
      subscription.close()
      inCall(.close, timeoutMilliseconds: endTimeoutMilliseconds) { _ in
        driver.table.pointee.close(device)
      }
      link.openFailed(status, text, now: WallClock.monotonic, jitter: jitter)
      return nil
    }
    guard status.isOK else {
      host.remove(subscription)
      subscription.close()
      return points
    }
    self.subscription = subscription
    return zip(points, results).filter { $0.1 != MAPPER_OK }.map(\.0)
  }

  /// Disconnects, after the subscription has ended.
  func close() {
    guard let device else { return }
    if let subscription, let table = driver.subscribe {
      inCall(.unsubscribe, timeoutMilliseconds: endTimeoutMilliseconds) { _ in
        table.pointee.stop(device, subscription.id)
      }
      host.remove(subscription)
      subscription.close()
      self.subscription = nil
    }
    inCall(.close, timeoutMilliseconds: endTimeoutMilliseconds) { _ in
      driver.table.pointee.close(device)
    }
  }

  /// A push device that went silent has nothing to probe with: it is opened anew.
  func reopen(now: Int64) {
    close()
    open(now: now)
  }

  /// Ends the session in whatever state it is.
  func destroy() {
    guard let device else { return }
    if link.isOpen { close() }
    inCall(.destroy, timeoutMilliseconds: endTimeoutMilliseconds) { _ in
      driver.table.pointee.destroy(device)
    }
    self.device = nil
  }
}
