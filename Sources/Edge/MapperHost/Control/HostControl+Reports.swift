// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import MapperEngine

extension HostControl {
  /// Puts up what the API shows, if it changed.
  func publishReports() {
    guard reportsAreStale else { return }
    reportsAreStale = false
    let entries = places.sorted { ($0.file, $0.path) < ($1.file, $1.path) }.compactMap { libraries[$0] }.map(
      entry)
    board.put(entries)
    publishDrivers()
  }

  /// Of two libraries with one driver the first counts, up or down.
  private func publishDrivers() {
    var drivers: [String: OfferBoard.Driver] = [:]
    for place in places {
      guard let runner = libraries[place]?.current else { continue }
      for (id, driver) in runner.drivers where drivers[id] == nil {
        drivers[id] = OfferBoard.Driver(
          driver: driver, mapper: place.name, link: runner.isServing ? runner.link : nil,
          fault: runner.isServing ? "" : fault(of: runner))
      }
    }
    offers.put(drivers)
  }

  /// Why a runner does not serve now.
  func fault(of runner: Runner) -> String {
    "mapper \(runner.place.name) is down: \(runner.supervision.lastFault)"
  }

  private func entry(_ library: Library) -> ReportBoard.Entry {
    let runner = library.current ?? library.candidate
    var report = MapperReport(
      file: library.place.path, hash: runner?.snapshot.hash ?? "", state: state(of: library, runner))
    report.message = message(library, runner, report.state)
    guard let runner else {
      report.name = library.place.name
      report.isolation = options.isolation(of: library.place)
      return ReportBoard.Entry(report: report, link: nil, earlier: .init())
    }
    report.name = runner.library?.name ?? library.place.name
    report.version = runner.library?.version ?? ""
    report.isolation = runner.isolation
    report.processID = runner.processID
    report.restarts = runner.supervision.restarts
    report.lastFault = runner.supervision.lastFault
    report.lastFaultTime = runner.lastFaultTime
    report.startTime = runner.startTime
    report.drivers = runner.library?.drivers ?? []
    return ReportBoard.Entry(report: report, link: runner.link, earlier: runner.earlierCounters)
  }

  private func state(of library: Library, _ runner: Runner?) -> MapperReport.State {
    if library.isRemoved { return .removed }
    guard let runner else { return .refused }
    return switch runner.supervision.state {
    case .idle, .starting: runner.supervision.hasLoaded ? .restarting : .starting
    case .running: .running
    case .waiting: .restarting
    case .refused: .refused
    case .stopped: .removed
    }
  }

  private func message(_ library: Library, _ runner: Runner?, _ state: MapperReport.State) -> String {
    var parts: [String] = []
    switch state {
    case .removed: return "the file is gone"
    case .refused, .restarting: if let runner { parts.append(runner.supervision.lastFault) }
    case .starting, .running: parts += runner?.hangs ?? []
    }
    if !library.rejection.isEmpty {
      let serves = runner != nil && state != .refused
      parts.append(serves ? "\(library.rejection); the one from before still runs" : library.rejection)
    }
    for id in runner?.drivers.keys.sorted() ?? [] {
      guard let winner = places.first(where: { libraries[$0]?.driver(id) != nil }), winner < library.place
      else { continue }
      parts.append("driver \(id) is served by \(winner.path)")
    }
    return parts.joined(separator: "; ")
  }
}
