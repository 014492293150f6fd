// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Glibc
internal import JSON
internal import Threads

/// The files of the log: JSON lines, an event a line, named by the number of their first event. Blocks on the disk.
struct EventFiles {
  struct Problem: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    static func last(_ what: String) -> Problem { Problem("\(what): \(SystemError.text(errno))") }
  }

  private static let suffix = ".jsonl"
  /// A file of ours is never larger than its limit and one batch; what is larger is not read whole.
  private static let largestRead = 64 << 20

  private let folder: String
  private let fileBytes: Int
  private let limit: Int
  private var descriptor: Int32 = -1
  /// Of the file that is written.
  private var size = 0

  init(folder: String, options: JournalOptions) {
    self.folder = folder
    fileBytes = options.fileBytes
    limit = options.files + 1
  }

  // MARK: - Reading

  /// The newest events of before, oldest first, and the highest number that was ever given.
  mutating func load(limit: Int) -> (events: [LoggedEvent], newest: UInt64) {
    var events: [LoggedEvent] = []
    var newest: UInt64 = 0
    for name in names.reversed() {
      // The name counts as well: the file may hold nothing but what was being written when the power failed.
      if let first = UInt64(name.dropLast(Self.suffix.count)), first > 0 { newest = max(newest, first - 1) }
      if events.count >= limit { break }
      var earlier: [LoggedEvent] = []
      for line in Self.read(folder + "/" + name).split(separator: UInt8(ascii: "\n")) {
        guard let json = try? JSON.parse(Array(line)), let event = LoggedEvent(json) else { continue }
        newest = max(newest, event.id)
        // Numbers grow within a file; a damaged line must not bring them out of order.
        if let last = earlier.last?.id, last >= event.id { continue }
        earlier.append(event)
      }
      if let first = events.first?.id { earlier.removeAll { $0.id >= first } }
      events = Array((earlier + events).suffix(limit))
    }
    return (events, newest)
  }

  /// The log's files, oldest first.
  private var names: [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasSuffix(Self.suffix), UInt64(name.dropLast(Self.suffix.count)) != nil { names.append(name) }
    }
    return names.sorted()
  }

  private static func read(_ path: String) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { Glibc.close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count < largestRead {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    return bytes
  }

  // MARK: - Writing

  /// All of them or none.
  mutating func append(_ events: [LoggedEvent]) throws(Problem) {
    guard let first = events.first else { return }
    if descriptor >= 0, size >= fileBytes { try closeSynced() }
    if descriptor < 0 { try openFile(first: first.id) }
    var writer = JSONWriter(capacity: events.count * 256)
    var lines: [UInt8] = []
    for event in events {
      writer.clear()
      writer.event(event)
      lines += writer.bytes
      lines.append(UInt8(ascii: "\n"))
    }
    guard Self.write(lines, to: descriptor) else {
      let problem = Problem.last(folder)
      // Half a line would make the next one unreadable.
      if ftruncate(descriptor, off_t(size)) != 0 { close() }
      throw problem
    }
    size += lines.count
  }

  mutating func sync() throws(Problem) {
    guard descriptor >= 0 else { return }
    guard fdatasync(descriptor) == 0 else { throw .last(folder) }
  }

  mutating func close() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }

  private mutating func closeSynced() throws(Problem) {
    try sync()
    close()
  }

  /// Goes on with the newest file when it has room, else begins one.
  private mutating func openFile(first: UInt64) throws(Problem) {
    try makeFolder()
    var names = names
    if let newest = names.last, try reopen(newest) { return }
    let name = Self.name(first: first)
    let path = folder + "/" + name
    // Who asked for what is not for everybody.
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o640)
    guard descriptor >= 0 else { throw .last(path) }
    size = Int(lseek(descriptor, 0, SEEK_END))
    names.append(name)
    for old in names.dropLast(limit) { unlink(folder + "/" + old) }
    synchronizeFolder()
  }

  /// False: the file has no room.
  private mutating func reopen(_ name: String) throws(Problem) -> Bool {
    let path = folder + "/" + name
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size < fileBytes else {
      return false
    }
    descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { throw .last(path) }
    // The power failed within a line.
    let whole = Self.read(path).lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    guard whole == Int(status.st_size) || ftruncate(descriptor, off_t(whole)) == 0 else {
      let problem = Problem.last(path)
      close()
      throw problem
    }
    size = whole
    return true
  }

  private func makeFolder() throws(Problem) {
    guard mkdir(folder, 0o750) == 0 || errno == EEXIST else { throw .last(folder) }
  }

  /// Makes names last. A file system that cannot is no reason to keep nothing.
  private func synchronizeFolder() {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    Glibc.close(descriptor)
  }

  /// Sorted as texts, the names are in the order of the numbers.
  private static func name(first: UInt64) -> String {
    let digits = String(first)
    return String(repeating: "0", count: max(0, 20 - digits.count)) + digits + suffix
  }

  private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    bytes.withUnsafeBytes { bytes in
      var at = 0
      while at < bytes.count {
        let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + at }, bytes.count - at)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        at += count
      }
      return true
    }
  }
}
