// SPDX-License-Identifier: Apache-2.0
package import DeviceAPI
internal import Logging
internal import MapperEngine

extension MapperHost: DiscoveryService {
  package func scan(
    _ request: ScanRequest, onEvent: @escaping @Sendable (ScanEvent) -> Void
  ) throws(DiscoveryError) -> any OngoingWork {
    let offer = try offers.driver(request.driver)
    guard let link = offer.link else { throw .notRunning(offer.fault) }
    guard offer.driver.canScan else { throw .cannotScan(driver: request.driver) }
    if case .broken(let reason) = offer.driver.scan { throw .invalidOptions([reason]) }
    var builder = SettingsBuilder()
    let options = builder.build(request.options, for: offer.driver.scan, path: "options")
    guard builder.problems.isEmpty else { throw .invalidOptions(builder.problems.map(\.description)) }

    let milliseconds = min(request.timeout, ScanRequest.longestTimeout).wholeMilliseconds
    var log = log
    log[metadataKey: "mapper"] = "\(offer.mapper)"
    let scan = PendingScan(
      driver: request.driver, session: nil, milliseconds: milliseconds, log: log, onEvent: onEvent)
    return try begin(scan, link) { number in
      .scan(
        ScanCommand(
          request: number, driver: request.driver, options: options, timeoutMilliseconds: milliseconds))
    }
  }

  package func describe(
    _ device: DeviceName, timeout: Duration, onEvent: @escaping @Sendable (ScanEvent) -> Void
  ) throws(DiscoveryError) -> any OngoingWork {
    let session: Session
    let driver: LoadedDriver
    switch offers.device(device) {
    case .driven(let its, let drives): (session, driver) = (its, drives)
    case .idle(let reason): throw .notRunning(reason)
    case nil: throw .deviceNotFound(device)
    }
    guard driver.canDescribe else { throw .cannotDescribe(driver: driver.id) }
    let milliseconds = min(timeout, ScanRequest.longestTimeout).wholeMilliseconds
    let scan = PendingScan(
      driver: driver.id, session: session, milliseconds: milliseconds, log: log, onEvent: onEvent)
    return try begin(scan, session.link) { number in
      .describe(session: session.id, request: number, timeoutMilliseconds: milliseconds)
    }
  }

  private func begin(
    _ scan: PendingScan, _ link: any EngineLink, _ command: (_ request: UInt64) -> EngineCommand
  ) throws(DiscoveryError) -> any OngoingWork {
    switch link.add(.scan(scan)) {
    case .taken(let request):
      link.send(command(request))
      return OngoingRequest(request: request, link: link)
    case .closed(let reason): throw .notRunning(reason)
    case .full: throw .busy
    }
  }
}
