// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// What the kernel says of a process: from its own tables, which wait for no disk.
enum ProcessFigures {
  static func residentBytes(of process: Int32) -> Int? {
    let fields = text("/proc/\(process)/statm").split(separator: " ")
    guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// POSIX counts it in millionths of a second.
  static var cpuSeconds: Double { Double(clock()) / 1e6 }

  static var openDescriptors: Int {
    guard let stream = opendir("/proc/self/fd") else { return 0 }
    defer { closedir(stream) }
    var count = 0
    while readdir(stream) != nil { count += 1 }
    // `.`, `..` and the descriptor of this reading.
    return max(0, count - 3)
  }

  static var mostDescriptors: Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
    return Int(clamping: limit.rlim_cur)
  }

  static var threads: Int {
    for line in text("/proc/self/status").split(separator: "\n") where line.hasPrefix("Threads:") {
      return Int(line.dropFirst(8).trimmingSpaces()) ?? 0
    }
    return 0
  }

  private static func text(_ path: String) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = read(descriptor, &buffer, buffer.count)
    return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
  }
}

extension MetricText {
  /// By the names that Prometheus' own libraries use.
  mutating func process() {
    begin("process_cpu_seconds_total", .counter, "CPU time of the agent.")
    sample(ProcessFigures.cpuSeconds)
    begin("process_resident_memory_bytes", .gauge, "Memory of the agent.")
    sample(ProcessFigures.residentBytes(of: getpid()) ?? 0)
    begin("process_open_fds", .gauge, "Descriptors that the agent has open.")
    sample(ProcessFigures.openDescriptors)
    begin("process_max_fds", .gauge, "Descriptors that it may have open.")
    sample(ProcessFigures.mostDescriptors)
    begin("process_threads", .gauge, "Threads of the agent.")
    sample(ProcessFigures.threads)
  }
}
