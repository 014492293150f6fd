// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI
internal import Synchronization

extension DeviceSession {
  /// Writes, ahead of polls, and answers with `written` exactly once.
  func write(_ request: WriteRequest) {
    counters.writes.add(1, ordering: .relaxed)
    let items = outcomes(of: request)
    if items.contains(where: { !$0.status.isOK }) { counters.writeFailures.add(1, ordering: .relaxed) }
    host.sink.send(.written(session: id, request: request.request, items: items))
    if device != nil { publishLink() }
  }

  private func outcomes(of request: WriteRequest) -> [WriteItemOutcome] {
    func all(_ status: MapperStatus, _ text: String) -> [WriteItemOutcome] {
      request.items.map { WriteItemOutcome(point: $0.point, status: status, text: text) }
    }
    guard let device else { return all(.unavailable, "the device is not bound") }
    guard !isEnding.load(ordering: .relaxed) else { return all(.cancelled, "the device is being released") }
    guard let write = driver.table.pointee.write else { return all(.unsupported, "the driver cannot write") }
    openIfDue()
    guard !call.isCancelled else { return all(.cancelled, "the device is being released") }
    switch link.phase {
    // A neighbour on the line must not pay for a device that is known to be silent.
    case .closed, .silent: return all(.unavailable, link.report.reason)
    case .opened, .up: break
    }
    guard request.items.allSatisfy({ Int($0.point) < isServed.count && isServed[Int($0.point)] }) else {
      return all(.invalid, "the driver does not serve the point")
    }

    var results = [mapper_status](repeating: MAPPER_NOT_FILLED, count: request.items.count)
    let status = inCall(.write, timeoutMilliseconds: binding.callTimeoutMilliseconds) { context in
      let writes = request.items.compactMap { item in
        native(item.value).map { mapper_write(point: item.point, reserved: 0, value: $0) }
      }
      guard writes.count == request.items.count else { return MapperStatus.noMemory }
      return writes.withUnsafeBufferPointer { writes in
        results.withUnsafeMutableBufferPointer { results in
          guard let first = writes.baseAddress, let base = results.baseAddress else { return MapperStatus.ok }
          return MapperStatus(rawValue: write(device, context, first, UInt32(writes.count), base))
        }
      }
    }
    guard status.isOK else {
      let text = reason(status)
      if !call.isCancelled, status.class != .noMemory { readFailed(status) }
      return all(status, text)
    }
    var items = request.items.enumerated().map { index, item in
      let result = MapperStatus(rawValue: results[index])
      return WriteItemOutcome(
        point: item.point, status: result, text: result.isOK ? "" : call.itemFailures[index] ?? "\(result)")
    }
    if request.items.contains(where: \.verify) { verify(request, &items) }
    return items
  }

  /// A write that comes right after `bind` need not wait for the first poll.
  func openIfDue() {
    let now = WallClock.monotonic
    if case .closed(let retryAt) = link.phase, retryAt <= now { open(now: now) }
  }

  /// Reads the written points back, hands the values on, and compares.
  private func verify(_ request: WriteRequest, _ items: inout [WriteItemOutcome]) {
    guard let device else { return }
    let written = items.indices.filter { items[$0].status.isOK && request.items[$0].verify }
    guard !written.isEmpty else { return }
    let points = written.map { items[$0].point }
    let buffer = host.buffers.take(points.count)
    defer { host.buffers.giveBack(buffer) }
    let samples = buffer.prepared(for: points)
    let status = inCall(.read, timeoutMilliseconds: binding.callTimeoutMilliseconds) { call in
      points.withUnsafeBufferPointer { points in
        guard let ids = points.baseAddress, let out = samples.baseAddress else { return MapperStatus.ok }
        return MapperStatus(rawValue: driver.table.pointee.read(device, call, ids, UInt32(points.count), out))
      }
    }
    guard status.isOK else {
      let text = "read back: " + reason(status)
      if !call.isCancelled { readFailed(status) }
      for index in written {
        items[index].status = status
        items[index].text = text
      }
      return
    }
    for (place, index) in written.enumerated() {
      let sample = samples[place]
      guard SampleCheck.fault(sample, point: points[place]) == nil, sample.status == MAPPER_OK else {
        items[index].status = .protocol
        items[index].text = "read back: " + (call.itemFailures[place] ?? "no value")
        continue
      }
      let type = boundPoints[Int(sample.point)].type
      let back = MapperValue.value(sample.value) { size in
        UnsafeRawBufferPointer(start: sample.value.data, count: Int(sample.value.count) * size)
      }?.converted(to: type)
      if let back, back.isClose(to: request.items[index].value, share: 1e-6) { continue }
      items[index].status = .protocol
      items[index].text = "read back \(back?.text ?? "nothing"), wrote \(request.items[index].value.text)"
    }
    let good = samples.indices.filter {
      samples[$0].status == MAPPER_OK && SampleCheck.fault(samples[$0], point: points[$0]) == nil
    }
    good.map { samples[$0] }.withUnsafeBufferPointer { if !$0.isEmpty { send($0) } }
  }

  /// The value as a driver sees it; text and bytes live in the call's arena. Nil: no room there.
  private func native(_ value: Value) -> mapper_value? {
    var native = mapper_value()
    native.count = 1
    switch value {
    case .bool(let bool):
      native.type = MAPPER_TYPE_BOOL
      native.u64 = bool ? 1 : 0
    case .int(let int):
      native.type = MAPPER_TYPE_I64
      native.i64 = int
    case .float(let float):
      native.type = MAPPER_TYPE_F32
      native.f64 = Double(float)
    case .double(let double):
      native.type = MAPPER_TYPE_F64
      native.f64 = double
    case .text(var text):
      native.type = MAPPER_TYPE_TEXT
      native.count = UInt32(text.utf8.count)
      native.data = text.withUTF8 { call.arena.copy(UnsafeRawBufferPointer($0)) }
      if native.data == nil { return nil }
    case .bytes(let bytes):
      native.type = MAPPER_TYPE_BYTES
      native.count = UInt32(bytes.count)
      native.data = bytes.withUnsafeBytes { call.arena.copy($0) }
      if native.data == nil { return nil }
    }
    return native
  }
}
