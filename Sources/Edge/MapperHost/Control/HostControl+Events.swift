// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// What becomes of libraries and their runners, for the log of events.
extension HostControl {
  enum MapperEvent: String {
    /// A runner has loaded it for the first time.
    case loaded
    /// A new file runs in place of the old one.
    case replaced
    /// Its runner has loaded it again after it had ended.
    case restarted
    /// The file is gone.
    case removed
    /// The file cannot be used; what ran before goes on.
    case refused
    /// Its runner ended by itself, or was ended: a crash, a call that hung, a limit.
    case crashed
  }

  func tell(
    _ event: MapperEvent, _ place: LibraryPlace, _ text: String, reason: String = "",
    level: EventRecord.Level = .info, details: JSON.Members = [:]
  ) {
    var all: JSON.Members = ["mapper": .string(place.name), "file": .string(place.path)]
    for member in details { all.append(member.name, member.value) }
    options.events?.record(
      EventRecord(.mapper, event.rawValue, text, level: level, problem: reason, details: all))
  }

  /// A runner has loaded its library, and is in use.
  func tellLoaded(_ runner: Runner, version: String, replaces: Bool) {
    let event: MapperEvent =
      replaces ? .replaced : runner.supervision.restarts > 0 ? .restarted : .loaded
    let word = ["replaced": "runs in place of the one before", "restarted": "runs again"][event.rawValue]
    tell(
      event, runner.place, "mapper \(runner.place.name) \(version) \(word ?? "is loaded")",
      details: [
        "version": .string(version), "hash": .string("\(runner.snapshot.hash)"),
        "restarts": .int(Int64(runner.supervision.restarts)),
      ])
  }

  /// A runner has ended, and not because it was asked to.
  func tellEnd(_ runner: Runner, _ end: RunnerEnd, restartIn milliseconds: Int64?) {
    let name = runner.place.name
    guard let milliseconds else {
      return tell(
        .refused, runner.place, "mapper \(name) cannot be used", reason: end.reason, level: .error,
        details: ["hash": .string("\(runner.snapshot.hash)")])
    }
    tell(
      .crashed, runner.place, "mapper \(name) ended and is started again", reason: end.reason, level: .error,
      details: [
        "restartInMilliseconds": .int(milliseconds), "restarts": .int(Int64(runner.supervision.restarts)),
      ])
  }
}
