// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// What the kernel says about a process, from /proc.
struct ProcessEntry: Sendable, Equatable {
  var id: pid_t
  var state: UInt8
  var parent: pid_t
  var group: pid_t
  var threads: Int
  /// Clock ticks since the start of the machine. A number that is used again comes with another one.
  var startTime: UInt64
  /// All that is in memory of it, also what it shares with others.
  var residentBytes: Int

  var isEnded: Bool { state == UInt8(ascii: "Z") || state == UInt8(ascii: "X") }

  private static let pageSize = max(4096, sysconf(Int32(_SC_PAGESIZE)))

  init?(_ id: pid_t) {
    guard let entry = Self.read("/proc/\(id)/stat", { Self(id, stat: $0) }) ?? nil else { return nil }
    self = entry
  }

  /// - Parameter stat: `NUMBER (NAME) STATE PARENT GROUP …`. The name may have blanks and brackets in it.
  init?(_ id: pid_t, stat: UnsafeRawBufferPointer) {
    guard let end = stat.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let fields = stat[(end + 1)...].split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
    // As in proc(5), whose third field is the first one here.
    guard fields.count >= 22, let state = fields[0].first, let parent = Self.number(fields[1]),
      let group = Self.number(fields[2]), let threads = Self.number(fields[17]),
      let start = Self.number(fields[19]), let pages = Self.number(fields[21])
    else { return nil }
    self.id = id
    self.state = state
    self.parent = pid_t(clamping: parent)
    self.group = pid_t(clamping: group)
    self.threads = Int(threads)
    startTime = UInt64(clamping: start)
    residentBytes = Int(pages) * Self.pageSize
  }

  /// What is in memory of it alone: without the pages of files, which a program shares with its others.
  var privateBytes: Int {
    Self.read("/proc/\(id)/statm") { bytes in
      let fields = bytes.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
      guard fields.count > 2, let resident = Self.number(fields[1]), let shared = Self.number(fields[2])
      else { return 0 }
      return max(0, Int(resident - shared)) * Self.pageSize
    } ?? 0
  }

  /// Whether it can gain no privileges, as no process of a mapper can.
  var hasNoNewPrivileges: Bool {
    Self.read("/proc/\(id)/status") { bytes in
      bytes.split(separator: UInt8(ascii: "\n")).contains {
        $0.elementsEqual("NoNewPrivs:\t1".utf8)
      }
    } ?? false
  }

  /// Every process of the machine.
  static func all() -> [ProcessEntry] {
    guard let folder = opendir("/proc") else { return [] }
    defer { closedir(folder) }
    var entries: [ProcessEntry] = []
    while let item = readdir(folder) {
      let id = withUnsafeBytes(of: &item.pointee.d_name) { number($0.prefix { $0 != 0 }) }
      guard let id, id > 0, let entry = ProcessEntry(pid_t(clamping: id)) else { continue }
      entries.append(entry)
    }
    return entries
  }

  private static func number(_ digits: some Collection<UInt8>) -> Int64? {
    var value: Int64 = 0
    let isNegative = digits.first == UInt8(ascii: "-")
    for digit in isNegative ? digits.dropFirst(1) : digits.dropFirst(0) {
      guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
      let (ten, isOver) = value.multipliedReportingOverflow(by: 10)
      guard !isOver else { return nil }
      value = ten &+ Int64(digit - UInt8(ascii: "0"))
    }
    return digits.isEmpty ? nil : isNegative ? -value : value
  }

  /// The first 4 kB of a file of /proc. Nil: the process is gone.
  private static func read<Result>(_ path: String, _ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
      let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      return count > 0 ? body(UnsafeRawBufferPointer(rebasing: buffer[..<count])) : nil
    }
  }
}
