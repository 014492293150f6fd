// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import MapperHost

@Suite struct ELFImageTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func verdict(_ bytes: [UInt8]) throws -> ELFImage.Verdict {
    let path = folder.path + "/a.so"
    try write(bytes, to: path)
    return try ELFImage.check(try OpenFile(path: path))
  }

  @Test func `a library is whole only with its last byte`() throws {
    let bytes = FakeLibrary.bytes("some code")
    #expect(try verdict(bytes) == .whole)
    for count in 4..<bytes.count {
      guard case .incomplete = try verdict(Array(bytes[..<count])) else {
        Issue.record("\(count) of \(bytes.count) bytes pass")
        return
      }
    }
  }

  @Test func `section headers belong to it`() throws {
    let bytes = FakeLibrary.header(fileSize: 120, sections: (offset: 128, count: 2))
    #expect(
      try verdict(bytes)
        == .incomplete(reason: "the file is cut off: it has 120 bytes of 256 that its ELF headers name"))
    #expect(try verdict(bytes + [UInt8](repeating: 0, count: 136)) == .whole)
  }

  @Test func `other files are named for what they are not`() throws {
    func reason(_ bytes: [UInt8]) throws -> String? {
      if case .foreign(let reason) = try verdict(bytes) { reason } else { nil }
    }
    #expect(
      try reason(Array("#!/bin/sh".utf8)) == "not a shared library: it does not begin with an ELF header")
    #expect(
      try reason(FakeLibrary.header(fileSize: 120, type: 2))
        == "not a shared library: ELF type 2, expected 3 (shared object)")
    var other = FakeLibrary.bytes("")
    other[18] = 243  // RISC-V
    #expect(try reason(other)?.hasPrefix("built for another machine: ELF machine 243") == true)
    var narrow = FakeLibrary.bytes("")
    narrow[4] = 1
    #expect(try reason(narrow)?.contains("64 bits") == true)
    #expect(try reason(FakeLibrary.header(fileSize: 120, segments: 0)) != nil)
  }

  @Test func `offsets beyond all numbers are an error`() throws {
    var bytes = FakeLibrary.bytes("")
    bytes.replaceSubrange(40..<48, with: [UInt8](repeating: 0xFF, count: 8))
    bytes[60] = 9
    #expect(throws: FileProblem.self) { try verdict(bytes) }
  }
}
