// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
@testable import EventBus
import Glibc
import TestSupport
import Testing

/// The files of a spool, without threads and brokers.
struct SpoolFolderTests {
  private let folder: TemporaryFolder
  private var options: SpoolOptions

  init() throws {
    folder = try TemporaryFolder()
    options = SpoolOptions(folder: folder.path)
  }

  private func make(_ options: SpoolOptions? = nil) throws -> SpoolFolder {
    var spool = SpoolFolder(path: folder.file("spool"), options: options ?? self.options)
    try spool.make()
    try spool.load()
    return spool
  }

  private static func message(_ number: Int, size: Int = 10) -> SpooledMessage {
    let filler = String(repeating: "x", count: size)
    return SpooledMessage(
      replaying: Array("{\"seq\":\(number),\"filler\":\"\(filler)\"}".utf8),
      on: MessageTopic("t/\(number % 3)"))
  }

  private static func records(_ numbers: Range<Int>, size: Int = 10) -> [UInt8] {
    var bytes: [UInt8] = []
    for number in numbers { SpoolRecord.append(message(number, size: size), to: &bytes) }
    return bytes
  }

  private static func number(_ message: SpooledMessage) -> Int {
    let text = String(decoding: message.payload, as: UTF8.self)
    return Int(text.dropFirst(7).prefix { $0.isNumber }) ?? -1
  }

  private var files: [String] {
    var names: [String] = []
    guard let list = opendir(folder.file("spool")) else { return [] }
    defer { closedir(list) }
    while let entry = readdir(list) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  @Test func `marks a message as replayed at its end`() {
    let message = SpooledMessage(replaying: Array("{\"seq\":1}".utf8), on: MessageTopic("t"))
    #expect(String(decoding: message.payload, as: UTF8.self) == "{\"seq\":1,\"replay\":true}")
    let other = SpooledMessage(replaying: Array("21.5".utf8), on: MessageTopic("t"))
    #expect(String(decoding: other.payload, as: UTF8.self) == "21.5")
  }

  @Test func `knows the checksum that everybody knows`() {
    #expect(Array("123456789".utf8).withUnsafeBytes { CRC32.of($0) } == 0xCBF4_3926)
  }

  @Test func `gives back what was written, in order, over files and restarts`() throws {
    var small = options
    small.segmentBytes = 1_000
    var spool = try make(small)
    for start in stride(from: 0, to: 300, by: 10) {
      try spool.write(Self.records(start..<start + 10), messages: 10, seconds: 1_000)
    }
    let first = spool.read(messages: 57, bytes: .max, below: nil)
    #expect(first.map { Self.number($0.message) } == Array(0..<57))
    let position = try #require(first.last?.end)
    spool.finish(position)
    spool.closeWriting()
    #expect(files.count > 10)

    var next = try make(small)
    #expect(next.unread == 243)
    var numbers: [Int] = []
    while case let found = next.read(messages: 20, bytes: 400, below: nil), !found.isEmpty {
      numbers += found.map { Self.number($0.message) }
    }
    #expect(numbers == Array(57..<300))
    #expect(next.takeLosses().damaged == 0)
  }

  @Test func `removes what the broker has`() throws {
    var small = options
    small.segmentBytes = 500
    var spool = try make(small)
    for start in stride(from: 0, to: 100, by: 10) {
      try spool.write(Self.records(start..<start + 10), messages: 10, seconds: 1_000)
    }
    let all = spool.read(messages: .max, bytes: .max, below: nil)
    #expect(all.count == 100)
    let end = try #require(all.last?.end)
    spool.finish(end)
    spool.tidy(end)
    #expect(files == ["position"])
    #expect(spool.bytes == 0)
    try spool.write(Self.records(100..<101), messages: 1, seconds: 1_000)
    #expect(spool.read(messages: 10, bytes: .max, below: nil).map { Self.number($0.message) } == [100])
  }

  @Test func `drops the oldest beyond its size, by whole files, and counts them`() throws {
    var small = options
    small.segmentBytes = 2_000
    small.maximumBytes = 10_000
    var spool = try make(small)
    for number in 0..<1_000 {
      try spool.write(Self.records(number..<number + 1), messages: 1, seconds: 1_000)
    }
    #expect(spool.bytes <= 10_000)
    #expect(spool.bytes > 7_000)
    let left = spool.read(messages: .max, bytes: .max, below: nil).map { Self.number($0.message) }
    #expect(left == Array((1_000 - left.count)..<1_000))
    #expect(spool.takeLosses().full == 1_000 - left.count)
  }

  @Test func `drops what is too old, and counts it`() throws {
    var spool = try make()
    try spool.write(Self.records(0..<5), messages: 5, seconds: 1_000_000)
    spool.closeWriting()
    // Of an earlier run: the wall clock counts.
    var next = try make()
    next.dropOld(seconds: 1_000_000 + options.maximumAge)
    #expect(next.unread == 5)
    next.dropOld(seconds: 1_000_001 + options.maximumAge)
    #expect(next.unread == 0)
    #expect(next.takeLosses().old == 5)
    // Of this run: a clock that jumps by years makes nothing old.
    try next.write(Self.records(5..<6), messages: 1, seconds: 1_000_000)
    next.closeWriting()
    next.dropOld(seconds: 2_000_000_000)
    #expect(next.unread == 1)
  }

  @Test(arguments: [1, 9, 10, 11, 30, 57]) func `cuts a record that a kill tore`(cut: Int) throws {
    var spool = try make()
    try spool.write(Self.records(0..<3), messages: 3, seconds: 1_000)
    let whole = spool.bytes
    try spool.write(Self.records(3..<4), messages: 1, seconds: 1_000)
    let name = try #require(files.first { $0.hasSuffix(".open") })
    #expect(truncate(folder.file("spool/" + name), off_t(Int(whole) + cut)) == 0)

    var next = try make()
    #expect(next.unread == 3)
    #expect(next.bytes == whole)
    #expect(next.takeLosses().torn == 1)
    try next.write(Self.records(9..<10), messages: 1, seconds: 1_000)
    let numbers = next.read(messages: 10, bytes: .max, below: nil).map { Self.number($0.message) }
    #expect(numbers == [0, 1, 2, 9])
  }

  @Test func `goes on behind a damaged file, and counts what it held`() throws {
    var spool = try make()
    try spool.write(Self.records(0..<10), messages: 10, seconds: 1_000)
    spool.closeWriting()
    try spool.write(Self.records(10..<20), messages: 10, seconds: 1_000)
    spool.closeWriting()
    let name = try #require(files.first { $0.hasSuffix(".spool") })
    let file = open(folder.file("spool/" + name), O_RDWR)
    defer { close(file) }
    let size = Self.records(0..<1).count
    #expect(pwrite(file, "#", 1, off_t(4 * size + 20)) == 1)

    var next = try make()
    var numbers: [Int] = []
    while next.unread > 0 {
      numbers += next.read(messages: 3, bytes: .max, below: nil).map { Self.number($0.message) }
    }
    #expect(numbers == [0, 1, 2, 3] + Array(10..<20))
    #expect(next.takeLosses().damaged == 6)
  }

  @Test func `puts what comes late into the place that was kept for it`() throws {
    var spool = try make()
    try spool.write(Self.records(0..<2), messages: 2, seconds: 1_000)
    let place = spool.reserve()
    try spool.write(Self.records(5..<8), messages: 3, seconds: 1_000)
    #expect(spool.read(messages: 10, bytes: .max, below: place).map { Self.number($0.message) } == [0, 1])
    try spool.write(Self.records(2..<5), messages: 3, reserved: place, seconds: 1_000)
    try spool.write(Self.records(8..<9), messages: 1, seconds: 1_000)
    let numbers = spool.read(messages: 10, bytes: .max, below: nil).map { Self.number($0.message) }
    #expect(numbers == Array(2..<9))
  }

  @Test func `reads a message that is longer than what is read at once`() throws {
    var spool = try make()
    try spool.write(Self.records(0..<1, size: 700_000), messages: 1, seconds: 1_000)
    try spool.write(Self.records(1..<2), messages: 1, seconds: 1_000)
    #expect(spool.read(messages: 1, bytes: 100, below: nil).map { Self.number($0.message) } == [0])
    #expect(spool.read(messages: 1, bytes: 100, below: nil).map { Self.number($0.message) } == [1])
  }
}
