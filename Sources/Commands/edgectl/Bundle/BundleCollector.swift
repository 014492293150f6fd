// SPDX-License-Identifier: Apache-2.0
internal import Config
internal import DeviceAPI
internal import Glibc
internal import JSON

/// Collects what is on this machine. Blocks on the disk and on other programs.
struct BundleCollector {
  let places: Places
  let config: String?
  let logFiles: [String]
  /// For the journal: `-24h`.
  let since: String

  private static let longestLog = 8 << 20
  private static let mostManifests = 1000

  /// The configuration comes first: what is secret in it is then found everywhere else.
  func addConfiguration(to content: inout BundleContent) {
    let file = [config, places.configuration, places.kubeEdgeConfiguration].compactMap { $0 }
      .first { access($0, F_OK) == 0 }
    if let file {
      content.addYAML("configuration/edgecore.yaml", path: file, file)
    } else {
      content.miss("configuration/edgecore.yaml", "there is none, so the agent has its defaults")
    }
    let manifests = configuration?.standalone.manifests ?? places.manifests
    let names = (FileText.names(in: manifests) ?? []).filter {
      $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") || $0.hasSuffix(".json")
    }
    // Names of tar end after 100 bytes.
    for name in names.prefix(Self.mostManifests) {
      let short = String(
        decoding: name.utf8.suffix(40).map { $0 < 0x80 ? $0 : 0x5F }, as: UTF8.self)
      content.addYAML("manifests/" + short, path: manifests + "/" + name, "a manifest")
    }
    guard let configuration else { return }
    let lines = configuration.effective.map { key, value in
      let name = key.split(separator: ".").last ?? ""
      return key + "=" + (Redactor.isSecret(name) && !value.isEmpty ? Redactor.mark : value) + "\n"
    }
    content.add(
      "configuration/effective.txt", lines.joined(), "every key in force, with the defaults")
  }

  func addSystem(to content: inout BundleContent, agent: LocalAgent?, processes: [Int32]) {
    for (name, path) in [
      ("os-release", "/etc/os-release"), ("kernel", "/proc/version"), ("memory", "/proc/meminfo"),
      ("load", "/proc/loadavg"), ("mounts", "/proc/self/mounts"), ("cpu", "/proc/cpuinfo"),
    ] {
      guard let text = FileText.ofKernel(path, limit: 64 << 10) else { continue }
      content.add("system/\(name).txt", text, path)
    }
    content.add("system/limits.txt", limits, "limits of the kernel")
    content.add("system/folders.txt", folders, "what is in the agent's folders")
    for id in (agent.map { [$0.id] } ?? []) + processes {
      var text = ""
      for part in ["status", "limits", "io", "schedstat"] {
        guard let facts = FileText.ofKernel("/proc/\(id)/\(part)", limit: 64 << 10) else {
          continue
        }
        text += "# /proc/\(id)/\(part)\n" + facts
      }
      if !text.isEmpty { content.add("system/process-\(id).txt", text, "the agent or a runner") }
    }
  }

  func addLogs(to content: inout BundleContent) {
    let arguments = [
      "-u", "edgecore", "-u", "edgecore-hardened", "--no-pager", "-o", "short-iso", "--since",
      since,
    ]
    if let journal = Program.run("journalctl", arguments, seconds: 20, limit: Self.longestLog) {
      content.add("log/journal.txt", journal.text, "the journal of the service")
    } else {
      content.miss("log/journal.txt", "there is no journalctl; --log FILE adds a log file")
    }
    for (index, path) in logFiles.enumerated() {
      guard let text = tail(of: path) else {
        content.miss("log/\(index + 1).txt", "\(path): \(Errno.text())")
        continue
      }
      content.add("log/\(index + 1).txt", text, path)
    }
  }

  private var configuration: EdgeCoreConfiguration? {
    for standalone in [false, true] {
      let loaded = try? EdgeCoreConfiguration.load(
        path: config, places: places, hostName: HostName.current, standalone: standalone)
      if let loaded { return loaded.configuration }
    }
    return nil
  }

  private func tail(of path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    let end = lseek(descriptor, 0, SEEK_END)
    lseek(descriptor, max(0, end - Self.longestLog), SEEK_SET)
    return (try? FileText.bytes(of: descriptor, limit: Self.longestLog)).map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  private var limits: String {
    [
      "fs/inotify/max_user_instances", "fs/inotify/max_user_watches",
      "fs/inotify/max_queued_events",
      "fs/file-max", "fs/file-nr", "kernel/pid_max", "kernel/threads-max", "vm/overcommit_memory",
      "vm/swappiness",
      "net/core/somaxconn", "kernel/unprivileged_userns_clone", "kernel/seccomp/actions_avail",
    ].compactMap { name in
      FileText.ofKernel("/proc/sys/" + name, limit: 4096).map { name + " = " + $0 }
    }.joined()
  }

  /// Names, sizes and times; no contents.
  private var folders: String {
    var text = ""
    let folders =
      [places.state, places.runtime, places.manifests]
      + (configuration?.mapperHost.folders ?? places.mapperFolders)
    for folder in folders {
      text += folder + ":\n"
      guard let names = FileText.names(in: folder) else {
        text += "  \(Errno.text())\n"
        continue
      }
      for name in names.prefix(1000) {
        var status = stat()
        guard lstat(folder + "/" + name, &status) == 0 else { continue }
        let mode = String(status.st_mode & 0o7777, radix: 8)
        text += "  \(mode) \(status.st_uid):\(status.st_gid) \(status.st_size) "
        text += RFC3339.text(FileText.written(status) * 1_000_000_000) + " \(name)\n"
      }
    }
    return text
  }
}
