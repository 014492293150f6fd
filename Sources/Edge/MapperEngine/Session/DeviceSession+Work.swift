// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI
internal import Synchronization

/// Calls of methods and descriptions. Both come ahead of polls and need an open device.
extension DeviceSession {
  /// Opens the device if that is due. A step of its own, since who gives up a call must not break off an open that
  /// polls wait for too.
  func prepare(_ work: LaneWork) {
    guard device != nil, !isEnding.load(ordering: .relaxed), WallClock.monotonic < work.deadline else {
      return
    }
    openIfDue()
    publishLink()
  }

  /// Does it and answers it.
  func perform(_ work: LaneWork) {
    // A cancellation that comes now reaches the call's context; one that came before has answered it.
    guard work.begin() else { return }
    guard let device else { return work.answer(.unavailable, "the device is not bound") }
    guard !isEnding.load(ordering: .relaxed) else {
      return work.answer(.cancelled, "the device is being released")
    }
    guard WallClock.monotonic < work.deadline else {
      return work.answer(.timeout, "it waited \(work.waitedMilliseconds) ms for the line")
    }
    switch link.phase {
    // A neighbour on the line must not pay for a device that is known to be silent.
    case .closed, .silent: return work.answer(.unavailable, link.report.reason)
    case .opened, .up: break
    }
    switch work.kind {
    case .call(let request, _): perform(request, of: work, on: device)
    case .describe: describe(work, device)
    case .scan: break
    }
    publishLink()
  }

  private func perform(_ request: MethodRequest, of work: LaneWork, on device: OpaquePointer) {
    guard Int(request.method) < driver.methods.count else {
      return work.answer(.notFound, "the driver has no method \(request.method)")
    }
    let method = driver.methods[Int(request.method)]
    guard request.arguments.map(\.type) == method.description.arguments.map(\.type) else {
      return work.answer(.invalid, "the arguments are not those of method '\(method.description.name)'")
    }
    var outcome: Result<MethodValue, MethodResult.Fault> = .success(.nothing)
    let status = inCall(.call, deadline: work.deadline) { context in
      guard let words = call.words(for: request.arguments) else {
        call.failure = "no room for the arguments, or a text with a NUL"
        return MapperStatus.invalid
      }
      return MethodResult.withMemory { out in
        let status = method.call(device, context, words: words, out: out)
        // What it points to is alive until the next call on the device: it is copied here.
        if status.isOK { outcome = MethodResult.value(method.description.result, at: out) }
        return status
      }
    }
    guard status.isOK else { return failed(work, status) }
    if method.description.changesState {
      let now = WallClock.monotonic
      for group in groups { group.bringForward(to: now) }
    }
    switch outcome {
    case .success(let value): work.answer(status, "", value)
    case .failure(let fault): work.answer(.internal, fault.reason)
    }
  }

  private func describe(_ work: LaneWork, _ device: OpaquePointer) {
    guard let describe = driver.discovery?.pointee.describe else {
      return work.answer(.unsupported, "the driver cannot describe a device")
    }
    let output = ScanOutput(
      request: work.request, origin: "the description of \(binding.device)", limit: 1, host: host, call: call)
    call.scan = output
    let status = inCall(.describe, deadline: work.deadline) { context in
      MapperStatus(rawValue: describe(device, context, host.scanSink))
    }
    call.scan = nil
    output.finish()
    guard status.isOK else { return failed(work, status) }
    work.answer(status, "")
  }

  /// Only a status that means the connection speaks for the link: a method may fail for reasons of its own.
  private func failed(_ work: LaneWork, _ status: MapperStatus) {
    let text = call.failure ?? ""
    if status.class == .unavailable, !call.isCancelled { readFailed(status) }
    work.answer(status, text)
  }
}
