// SPDX-License-Identifier: Apache-2.0
package import Config
package import DeviceAPI

/// Where the mapper host finds things.
package struct MapperHostOptions: Sendable {
  /// Mapper folders in order of precedence: where two have a library with the same driver, the first wins.
  /// The first is made if it is not there; the others are waited for.
  package var folders: [String]
  /// Its own folder, for copies of libraries; emptied at start. Not on a `noexec` mount.
  package var snapshots: String
  /// The `mapper-runner` program.
  package var runner: String
  /// `NAME=value`: the whole environment of runners.
  package var runnerEnvironment = [
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
    // A crash is explained by the call board; a backtrace takes seconds.
    "SWIFT_BACKTRACE=enable=no",
  ]

  /// Where libraries run that are not named in `inProcess`.
  package var isolation = MapperReport.Isolation.process
  /// Libraries that run in the agent itself, by file name without `.so`.
  package var inProcess: Set<String> = []

  package var limits = MapperLimitsConfiguration()
  /// What a mapper started and left behind comes to this process then, instead of init, and is ended. For all of the
  /// process: whatever else orphans something below it does so too.
  package var adoptsOrphans = false
  /// Told of what becomes of libraries and runners.
  package var events: (any EventRecorder)?

  var supervision = Supervision.Limits()
  var readerLimits = RunnerReader.Limits()

  package init(folders: [String], snapshots: String, runner: String) {
    var seen: Set<String> = []
    self.folders = folders.map(Self.plain).filter { seen.insert($0).inserted }
    self.snapshots = Self.plain(snapshots)
    self.runner = runner
  }

  func isolation(of place: LibraryPlace) -> MapperReport.Isolation {
    inProcess.contains(place.name) ? .inProcess : isolation
  }

  /// The path without a slash at its end.
  private static func plain(_ path: String) -> String {
    var path = path[...]
    while path.count > 1, path.hasSuffix("/") { path = path.dropLast() }
    return String(path)
  }
}
