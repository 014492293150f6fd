// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Glibc
internal import Threads

/// The files of one spool; used by one thread.
struct SpoolFolder {
  struct Position: Equatable {
    var segment: UInt64
    var bytes: Int
    var messages: Int
  }

  struct Failure: Error {
    let path: String
    let number: Int32
    var text: String { "\(path): \(SystemError.text(number))" }
  }

  let path: String
  let options: SpoolOptions
  /// In order of their numbers.
  var segments: [SpoolSegment] = []
  private(set) var bytes: Int64 = 0
  /// Messages that went with their files, or were not as they had been written, since the last `takeLosses`.
  var losses = Losses()
  private var nextNumber: UInt64 = 1
  private var writing: (number: UInt64, file: Int32)?
  private var isDirty = false
  var written: Position?

  struct Losses {
    var full = 0
    var old = 0
    var damaged = 0
    /// The ends of files whose writer was killed in the middle of a record.
    var torn = 0
  }

  init(path: String, options: SpoolOptions) {
    self.path = path
    self.options = options
  }

  var isThere: Bool { access(path, F_OK) == 0 }
  /// What was not read yet.
  var unread: Int { segments.reduce(0) { $0 + $1.unread } }

  mutating func takeLosses() -> Losses {
    defer { losses = Losses() }
    return losses
  }

  // MARK: - Opening

  func make() throws(Failure) { try Self.makeFolder(path) }

  private static func makeFolder(_ path: String) throws(Failure) {
    if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
      throw Failure(path: path, number: errno)
    }
    try makeFolder(String(path[..<slash]))
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw Failure(path: path, number: errno) }
  }

  /// Finds what an earlier run left.
  mutating func load() throws(Failure) {
    guard let folder = opendir(path) else { throw Failure(path: path, number: errno) }
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if let segment = SpoolSegment(name: name) { segments.append(segment) }
    }
    closedir(folder)
    segments.sort { $0.number < $1.number }
    for index in segments.indices {
      var status = stat()
      guard stat(file(segments[index]), &status) == 0 else { continue }
      if segments[index].isOpen {
        segments[index].seconds = Int64(status.st_mtim.tv_sec)
        complete(index, size: Int(status.st_size))
      } else {
        segments[index].bytes = Int(status.st_size)
      }
    }
    let position = readPosition()
    if let position {
      for index in segments.indices where segments[index].number <= position.segment {
        let isCurrent = segments[index].number == position.segment
        segments[index].readBytes =
          isCurrent ? min(position.bytes, segments[index].bytes) : segments[index].bytes
        segments[index].readMessages =
          isCurrent ? min(position.messages, segments[index].messages) : segments[index].messages
      }
      removeRead(before: position)
    }
    bytes = segments.reduce(0) { $0 + Int64($1.bytes) }
    // Never a number that counts as read: those files are gone, and what is written next is not.
    nextNumber = max(nextNumber, (segments.last?.number ?? 0) &+ 1, (position?.segment ?? 0) &+ 1)
  }

  /// A file whose writer was killed: it ends where its last whole record does.
  private mutating func complete(_ index: Int, size: Int) {
    let old = file(segments[index])
    guard let found = SpoolSegment.scan(old) else { return }
    if found.bytes < size {
      losses.torn += 1
      truncate(old, off_t(found.bytes))
    }
    segments[index].bytes = found.bytes
    segments[index].messages = found.messages
    segments[index].isOpen = false
    rename(old, file(segments[index]))
  }

  func file(_ segment: SpoolSegment) -> String { path + "/" + segment.name }

  // MARK: - Writing

  /// The number of a segment that nothing has been written to: what is put there later comes before all that gets a
  /// later number.
  mutating func reserve() -> UInt64 {
    closeWriting()
    defer { nextNumber += 1 }
    return nextNumber
  }

  /// The number under which the next message is written.
  var currentNumber: UInt64 { writing?.number ?? nextNumber }

  /// Appends records, as a whole: after a failure nothing of them is there.
  ///
  /// - Parameter reserved: a number from `reserve`; nil: behind everything.
  mutating func write(
    _ records: [UInt8], messages: Int, reserved: UInt64? = nil, seconds: Int64
  ) throws(Failure) {
    if let reserved {
      // In a file of its own, which is complete at once.
      let before = (writing, isDirty, startOfWriting)
      writing = nil
      isDirty = false
      defer { (writing, isDirty, startOfWriting) = before }
      try begin(reserved, seconds: seconds)
      defer { closeWriting() }
      try append(records, messages: messages, seconds: seconds)
      return
    }
    if let index = writingIndex,
      segments[index].bytes >= options.segmentBytes
        || seconds - startOfWriting > max(options.maximumAge / 16, 60)
    {
      closeWriting()
    }
    if writing == nil {
      try begin(nextNumber, seconds: seconds)
      nextNumber += 1
    }
    try append(records, messages: messages, seconds: seconds)
    dropOldest()
  }

  private var startOfWriting: Int64 = 0
  private var writingIndex: Int? {
    guard let writing else { return nil }
    return segments.lastIndex { $0.number == writing.number }
  }

  private mutating func begin(_ number: UInt64, seconds: Int64) throws(Failure) {
    let path = self.path + "/" + SpoolSegment.openName(number)
    let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw Failure(path: path, number: errno) }
    writing = (number, file)
    startOfWriting = seconds
    let place = segments.firstIndex { $0.number > number } ?? segments.count
    segments.insert(SpoolSegment(number: number, seconds: seconds), at: place)
  }

  private mutating func append(_ records: [UInt8], messages: Int, seconds: Int64) throws(Failure) {
    guard let writing, let index = writingIndex else { return }
    var done = 0
    while done < records.count {
      let count = records.withUnsafeBytes {
        Glibc.write(writing.file, UnsafeRawBufferPointer(rebasing: $0[done...]).baseAddress, $0.count - done)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let failure = Failure(path: path, number: count < 0 ? errno : ENOSPC)
        // No part of a record may stay in front of the next one.
        ftruncate(writing.file, off_t(segments[index].bytes))
        throw failure
      }
      done += count
    }
    segments[index].bytes += records.count
    segments[index].messages += messages
    segments[index].seconds = seconds
    segments[index].monotonic = WallClock.monotonic
    bytes += Int64(records.count)
    isDirty = true
  }

  /// The file that is being written becomes a complete one; an empty one goes.
  mutating func closeWriting() {
    guard let (_, file) = writing else { return }
    if isDirty { fdatasync(file) }
    isDirty = false
    close(file)
    if let index = writingIndex {
      let old = self.file(segments[index])
      if segments[index].bytes == 0 {
        unlink(old)
        segments.remove(at: index)
      } else {
        segments[index].isOpen = false
        rename(old, self.file(segments[index]))
      }
    }
    writing = nil
  }

  /// What was written is on the disk itself afterwards.
  mutating func synchronize() {
    if isDirty, let writing { fdatasync(writing.file) }
    isDirty = false
  }

  private mutating func dropOldest() {
    while bytes > Int64(options.maximumBytes), segments.count > 1 {
      losses.full += segments[0].unread
      remove(at: 0)
    }
  }

  /// Files whose last message is too old. The wall clock counts for those of earlier runs only.
  mutating func dropOld(seconds: Int64) {
    while let first = segments.first, !first.isOpen {
      let age =
        first.monotonic.map { (WallClock.monotonic - $0) / 1_000_000_000 } ?? (seconds - first.seconds)
      guard age > options.maximumAge else { return }
      losses.old += first.unread
      remove(at: 0)
    }
  }

  mutating func remove(at index: Int) {
    if segments[index].number == writing?.number { return }
    unlink(file(segments[index]))
    bytes -= Int64(segments[index].bytes)
    segments.remove(at: index)
  }
}
