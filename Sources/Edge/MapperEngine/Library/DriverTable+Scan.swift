// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import CShims
internal import DeviceAPI

extension DriverTable {
  /// Runs a scan on the thread of its lane, and answers it.
  func scan(_ command: ScanCommand, work: LaneWork, call: CallContext) {
    guard work.begin() else { return }
    guard let scan = discovery?.pointee.scan else {
      return work.answer(.unsupported, "the driver cannot scan")
    }
    let now = WallClock.monotonic
    guard now < work.deadline else {
      return work.answer(.timeout, "it waited \(work.waitedMilliseconds) ms for the line")
    }
    let host = work.host
    let output = ScanOutput(
      request: work.request, origin: "a scan of \(id)", limit: ScanOutput.maximumItems, host: host, call: call
    )
    let options = NativeSettings(command.options)
    call.begin(deadline: work.deadline)
    call.scan = output
    sv_board_enter(0, CallFunction.scan.rawValue, now, work.deadline)
    let status = withUnsafePointer(to: options.settings) { options in
      MapperStatus(rawValue: scan(host.handle, call.handle, options, host.scanSink))
    }
    sv_board_leave()
    call.scan = nil
    output.finish()
    var text = (status.class == .cancelled ? work.reasonOfCancel : nil) ?? call.failure ?? ""
    if !status.isOK, text.isEmpty, output.isFull { text = "more than \(ScanOutput.maximumItems) were found" }
    work.answer(status, text)
  }
}
