// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Logging
internal import Store
internal import Synchronization

/// Reported state: what is due goes out together.
extension Device {
  /// Hands all due properties to the writer: one transaction, one version; documents follow the commit.
  func report(now: Int64) {
    let milliseconds = context.clock.milliseconds
    var isPostponed = false
    state.withLock { state in
      guard now >= state.nextReport, !state.isRemoved else { return }
      guard state.isStored else {
        state.nextReport = now + context.options.fullQueueWait
        return
      }
      var places: [Int] = []
      var next = Int64.max
      for place in state.sorted {
        let due = state.properties[place].due
        guard due <= now else {
          next = min(next, due)
          continue
        }
        if state.properties[place].isReported {
          // It changed and came back within its cycle.
          state.properties[place].due = .max
        } else {
          places.append(place)
        }
      }
      state.nextReport = next
      guard !places.isEmpty || state.isLinkDue else { return }
      if submitReport(of: places, milliseconds: milliseconds, in: &state) {
        for place in places { state.properties[place].becomeReported(at: now) }
        state.isLinkDue = false
      } else {
        isPostponed = true
        state.nextReport = now + context.options.fullQueueWait
      }
    }
    if isPostponed { context.counters.postponedReports.add() }
  }

  private func submitReport(of places: [Int], milliseconds: Int64, in state: inout DeviceState) -> Bool {
    let version = state.reportedVersion + (places.isEmpty ? 0 : 1)
    var rows: [Report.Row] = []
    rows.reserveCapacity(places.count)
    let layout = state.layout
    for place in places { rows.append(state.properties[place].reportRow(place: place, in: layout)) }
    let desired =
      state.desired.isEmpty
      ? [] : places.compactMap { state.properties[$0].hasDesired ? state.desired[$0] : nil }
    let report = Report(
      rows: rows, layout: layout, desired: desired, version: version, milliseconds: milliseconds,
      link: state.isLinkDue ? (deviceRow(state), state.stateWord) : nil,
      delta: places.isEmpty ? nil : encodeDelta(of: state, milliseconds: milliseconds)
    ) { [self] report, error in
      if let error {
        reportFailed(report, error: error)
      } else {
        publish(report)
      }
    }
    guard context.writer.submit(report) else { return false }
    state.reportedVersion = version
    return true
  }

  /// On the writer's thread, after the commit.
  private func publish(_ report: Report) {
    if let link = report.link {
      context.publish(to: topics.stateResult) { encoder in
        encoder.state(of: name.name, word: link.word, link: link.row.link, milliseconds: report.milliseconds)
      }
    }
    guard !report.rows.isEmpty else { return }
    context.counters.reports.add()
    context.counters.reportedProperties.add(report.rows.count)
    context.publish(to: topics.document) { report.encode(into: &$0) }
    if let delta = report.delta { context.publish(delta, to: topics.delta) }
  }

  /// The values stay in memory and are due again.
  private func reportFailed(_ report: Report, error: SQLiteError) {
    context.counters.postponedReports.add()
    logger().error("a report could not be stored", metadata: ["error": "\(error)"])
    let due = WallClock.monotonic + context.options.fullQueueWait
    state.withLock { state in
      for row in report.rows {
        // By now the list may be another one.
        guard let place = state.place(of: report.name(of: row)), state.properties[place].id == row.property
        else {
          continue
        }
        state.properties[place].due = min(state.properties[place].due, due)
        // Not on disk, so not yet reported: nothing looks like this.
        state.properties[place].published = Reading(quality: .bad)
      }
      if report.link != nil { state.isLinkDue = true }
      state.nextReport = min(state.nextReport, due)
    }
    context.schedule.wake(self, at: due)
  }

  func deviceRow(_ state: borrowing DeviceState) -> StoreChange.DeviceRow {
    StoreChange.DeviceRow(
      id: id, name: name, link: state.link, spokenState: state.spokenState,
      desiredVersion: state.desiredVersion,
      reportedVersion: state.reportedVersion)
  }
}
