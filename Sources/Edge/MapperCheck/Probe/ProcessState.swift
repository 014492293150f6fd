// SPDX-License-Identifier: Apache-2.0
internal import CShims
internal import Glibc

/// What a mapper shares with everything else in its process and has to leave alone.
struct ProcessState: Equatable {
  var signals: [Int32: UInt]
  var mask: [Int32]
  var folder: String
  var fileMask: mode_t
  var locale: String
  var environment: [String]

  static func now() -> ProcessState {
    var signals: [Int32: UInt] = [:]
    for number in Int32(1)...31 where number != SIGKILL && number != SIGSTOP {
      var action = sigaction()
      guard sigaction(number, nil, &action) == 0 else { continue }
      // The handler is the first word, whichever of the two forms it has.
      signals[number] = withUnsafeBytes(of: action) { $0.load(as: UInt.self) }
    }
    var set = sigset_t()
    pthread_sigmask(SIG_BLOCK, nil, &set)
    var path = [CChar](repeating: 0, count: 4096)
    let folder = getcwd(&path, path.count).map { String(cString: $0) } ?? ""
    let fileMask = umask(0)
    umask(fileMask)
    return ProcessState(
      signals: signals, mask: (1...64).filter { sigismember(&set, $0) == 1 }, folder: folder,
      fileMask: fileMask,
      locale: setlocale(LC_ALL, nil).map { String(cString: $0) } ?? "", environment: variables())
  }

  private static func variables() -> [String] {
    var list: [String] = []
    var place = environ
    while let variable = place.pointee {
      list.append(String(cString: variable))
      place += 1
    }
    return list.sorted()
  }

  /// What differs, for people.
  func changes(to other: ProcessState) -> [String] {
    var changes: [String] = []
    for (number, handler) in signals.sorted(by: { $0.key < $1.key }) where other.signals[number] != handler {
      changes.append("the handler of \(SignalName.of(number))")
    }
    if mask != other.mask { changes.append("the signal mask of the host's thread") }
    if folder != other.folder { changes.append("the working directory (\(other.folder))") }
    if fileMask != other.fileMask { changes.append("the umask") }
    if locale != other.locale { changes.append("the locale (\(other.locale))") }
    if environment != other.environment {
      let new = Set(other.environment).symmetricDifference(environment).sorted().prefix(3)
      changes.append("the environment (" + new.joined(separator: ", ") + ")")
    }
    return changes
  }

  /// What each open descriptor is, by number.
  static func descriptors() -> [Int32: String] {
    var found: [Int32: String] = [:]
    guard let folder = opendir("/proc/self/fd") else { return [:] }
    defer { closedir(folder) }
    let own = dirfd(folder)
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard let number = Int32(name), number != own else { continue }
      var target = [UInt8](repeating: 0, count: 512)
      let count = target.withUnsafeMutableBytes { bytes in
        bytes.withMemoryRebound(to: CChar.self) { buffer in
          buffer.baseAddress.map { readlink("/proc/self/fd/" + name, $0, buffer.count) } ?? 0
        }
      }
      found[number] = String(decoding: target.prefix(max(0, count)), as: UTF8.self)
    }
    return found
  }

  /// Those of now that were not there before. Waits a while for them to go: a connection that several devices
  /// shared may be let go by a thread of the library's.
  static func descriptors(beside before: [Int32: String]) -> [(number: Int32, target: String)] {
    var new: [(number: Int32, target: String)] = []
    for _ in 0..<500 {
      new = descriptors().filter { before[$0.key] == nil }.sorted { $0.key < $1.key }
        .map { (number: $0.key, target: $0.value) }
      if new.isEmpty { return [] }
      sv_sleep_ms(20)
    }
    return new
  }

  static func threadCount() -> Int {
    guard let folder = opendir("/proc/self/task") else { return 0 }
    defer { closedir(folder) }
    var count = 0
    while let entry = readdir(folder) {
      if entry.pointee.d_name.0 != CChar(UInt8(ascii: ".")) { count += 1 }
    }
    return count
  }

  /// Bytes of memory that the process has in use.
  static func residentBytes() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
    let text = line.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    let fields = text.split(separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE)) : 0
  }
}
