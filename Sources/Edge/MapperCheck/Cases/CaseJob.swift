// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import Config
internal import DeviceAPI
internal import Glibc

/// One case in this process: its folder has `device.yaml`, `expected.txt` and perhaps `exchange.txt`.
struct CaseJob {
  private let probe: Probe
  private let folder: String

  init(_ probe: Probe, folder: String) {
    self.probe = probe
    self.folder = folder
  }

  func run() throws(CheckEnd) {
    let script = try CaseScript(text(of: "expected.txt"), file: "expected.txt")
    let exchange = try exchange()
    guard exchange == nil || !script.hasBroker else {
      throw .failed(expected: "a broker or exchange.txt", seen: "both")
    }
    let broker = script.hasBroker ? try CaseBroker() : nil
    defer { broker?.stop() }
    let peer = try exchange.map { exchange throws(CheckEnd) in try CasePeer(exchange) }
    do throws(CheckEnd) {
      try follow(script, broker, placeholders: peer?.placeholders ?? broker?.placeholders ?? [])
    } catch {
      let problem = peer?.finish()
      // That the device heard something else explains what came of it.
      guard case .failed(let expected, let seen) = error, let problem else { throw error }
      throw .failed(expected: expected, seen: "\(seen); \(problem)")
    }
    if let problem = peer?.finish() { throw .failed(expected: "the exchange takes place", seen: problem) }
  }

  private func text(of file: String) throws(CheckEnd) -> String {
    do throws(FileError) {
      return String(decoding: try TextFile.read(folder + "/" + file), as: UTF8.self)
    } catch {
      throw .failed(expected: "device.yaml and expected.txt in the folder of a case", seen: error.description)
    }
  }

  /// Nil: the case has none.
  private func exchange() throws(CheckEnd) -> CaseExchange? {
    guard access(folder + "/exchange.txt", F_OK) == 0 else { return nil }
    return try CaseExchange(text(of: "exchange.txt"), file: "exchange.txt")
  }

  private func follow(_ script: CaseScript, _ broker: CaseBroker?, placeholders: [(String, String)])
    throws(CheckEnd)
  {
    let driver = try probe.driver()
    let plan = try DevicePlan.read(
      folder + "/device.yaml", driver: String(cString: driver.pointee.id),
      deviceSchema: driver.pointee.device_schema.map { String(cString: $0) },
      pointSchema: driver.pointee.point_schema.map { String(cString: $0) }, isChecked: false,
      replacing: placeholders)
    let device = ProbeDevice(probe, driver: driver, plan: plan)
    var run = CaseRun(device: device, broker: broker)
    try run.bind()
    for (line, step) in script.steps {
      do throws(CheckEnd) {
        try run.take(step)
      } catch {
        guard case .failed(let expected, let seen) = error else { throw error }
        throw .failed(expected: "expected.txt:\(line): \(expected)", seen: seen)
      }
    }
    try device.destroy()
    try broker?.requireNoMore()
    try probe.library.unload()
    try probe.requireNoMisuse(device)
  }
}
