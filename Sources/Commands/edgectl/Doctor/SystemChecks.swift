// SPDX-License-Identifier: Apache-2.0
internal import Config
internal import Glibc

/// Checks of the machine. Blocks for moments.
struct SystemChecks {
  let places: Places
  let configuration: EdgeCoreConfiguration?
  let agent: LocalAgent?
  /// Unix nanoseconds.
  let now: Int64

  func run() -> [Finding] {
    clock() + [inotify(), memory(), openFiles(), program()].compactMap { $0 }
  }

  // MARK: - The clock

  /// Files that were written when the clock was right, probably.
  private var witnesses: [String] {
    [
      places.configuration, places.kubeEdgeConfiguration,
      configuration?.database.dataSource ?? places.database,
      "/proc/self/exe", "/var/lib/dpkg/status", "/var/lib/systemd/timesync/clock",
      "/etc/ld.so.cache",
    ]
  }

  func clock() -> [Finding] {
    let remedy =
      "Set the clock (date -s …), and let the machine take its time from a server: chrony, systemd-timesyncd."
    var newest: (path: String, time: Int64) = ("", .min)
    for path in witnesses {
      var status = stat()
      if stat(path, &status) == 0, FileText.written(status) > newest.time {
        newest = (path, FileText.written(status))
      }
    }
    let seconds = now / 1_000_000_000
    let text = "\(LocalTime(seconds * 1000).date) \(LocalTime(seconds * 1000).second)"
    if newest.time > seconds + 120 {
      return [
        .failed(
          "clock",
          "\(text) is before \(newest.path) was written (\(LocalTime(newest.time * 1000).date))",
          remedy: remedy)
      ]
    }
    switch Self.isSynchronised {
    case true?: return [.ok("clock", text + ", kept right by a time server")]
    case false?:
      return [
        .warning(
          "clock", text + "; the kernel says that no time server keeps it right", remedy: remedy)
      ]
    case nil: return [.ok("clock", text)]
    }
  }

  /// What the kernel knows of NTP. Swift has no name for `adjtimex`, so it is looked up; its structure is larger
  /// nowhere, begins with what to change (nothing), and 5 (TIME_ERROR) is the answer of a clock that nobody keeps.
  private static let isSynchronised: Bool? = {
    typealias Adjust = @convention(c) (UnsafeMutableRawPointer) -> Int32
    guard let symbol = dlsym(nil, "adjtimex") else { return nil }
    let adjust = unsafeBitCast(symbol, to: Adjust.self)
    var structure = [UInt64](repeating: 0, count: 64)
    let state = structure.withUnsafeMutableBytes { $0.baseAddress.map(adjust) ?? -1 }
    return state < 0 ? nil : state != 5
  }()

  // MARK: - The kernel's limits

  private func inotify() -> Finding? {
    func limit(_ name: String) -> Int? {
      FileText.ofKernel("/proc/sys/fs/inotify/" + name)?.split(separator: "\n").first.flatMap {
        Int($0)
      }
    }
    guard let instances = limit("max_user_instances"), let watches = limit("max_user_watches")
    else { return nil }
    let text = "\(instances) instances and \(watches) watches a user"
    let remedy =
      "sysctl fs.inotify.max_user_instances=512 fs.inotify.max_user_watches=65536, and so in /etc/sysctl.d"
    // The one that counts is whether another one can be had now.
    let descriptor = inotify_init1(Int32(IN_CLOEXEC))
    if descriptor < 0 { return .failed("inotify", text + ": \(Errno.text())", remedy: remedy) }
    close(descriptor)
    return instances < 16 || watches < 512
      ? .warning("inotify", text + ": changes of folders may stay unseen", remedy: remedy)
      : .ok("inotify", text)
  }

  private func memory() -> Finding? {
    guard let text = FileText.ofKernel("/proc/meminfo") else { return nil }
    func size(_ name: String) -> Int64? {
      text.split(separator: "\n").first { $0.hasPrefix(name + ":") }?
        .split(separator: " ").compactMap { Int64($0) }.first.map { $0 * 1024 }
    }
    guard let total = size("MemTotal"), let free = size("MemAvailable") else { return nil }
    var words = "\(NumberText.size(free)) of \(NumberText.size(total)) available"
    if let agent, let usage = LocalAgent.usage(of: agent.id) {
      words += ", edgecore has \(NumberText.size(usage.memory))"
    }
    return free < max(total / 20, 32 << 20)
      ? .warning(
        "memory", words, remedy: "Find what uses it ('ps --sort -rss aux'), or limit the mappers.")
      : .ok("memory", words)
  }

  private func openFiles() -> Finding? {
    guard let agent, let files = agent.openFiles else { return nil }
    let text = "edgecore has \(files.count) of \(files.limit)"
    return files.count * 5 > files.limit * 4
      ? .warning(
        "open files", text, remedy: "Raise LimitNOFILE in the unit: systemctl edit edgecore")
      : .ok("open files", text)
  }

  private func program() -> Finding? {
    guard let program = agent?.program, program.hasSuffix(" (deleted)") else { return nil }
    return .warning(
      "program", "edgecore was replaced on disk since the agent was started",
      remedy: "systemctl restart edgecore")
  }
}
