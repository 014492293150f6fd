// SPDX-License-Identifier: Apache-2.0
import CMapper
import DeviceAPI
import TestSupport
import Testing

@testable import MapperEngine

@Suite(.blocking) struct FrameTests {
  @Test func `there is a sample of every kind`() {
    let kinds = Set(FrameSamples.frames.map { UInt16($0[4]) | UInt16($0[5]) << 8 })
    let known = (0...UInt16(255)).filter { Frame.Kind(rawValue: $0) != nil }
    #expect(kinds == Set(known))
  }

  private func decode<T>(
    _ bytes: [UInt8], _ make: (UnsafeRawBufferPointer, Frame.Header) throws(Frame.Malformed) -> T
  ) throws -> T {
    let result = bytes.withUnsafeBytes { raw -> Result<T?, Frame.Malformed> in
      do throws(Frame.Malformed) {
        guard let header = try Frame.header(of: raw), header.size <= raw.count else { return .success(nil) }
        return .success(try make(raw, header))
      } catch {
        return .failure(error)
      }
    }
    return try #require(try result.get())
  }

  @Test(arguments: FrameSamples.commands)
  func `a command survives the way`(command: EngineCommand) throws {
    let bytes = command.encode()
    #expect(bytes.count % 8 == 0)
    let back = try decode(bytes) { (frame, header) throws(Frame.Malformed) in
      try EngineCommand(frame: frame, header: header)
    }
    #expect(back == command)
  }

  @Test(arguments: FrameSamples.events)
  func `an event survives the way`(event: EngineEvent) throws {
    let back = try decode(event.encode()) { (frame, header) throws(Frame.Malformed) in
      try EngineEvent(frame: frame, header: header)
    }
    #expect(back == event)
  }

  @Test(arguments: [0, 8, 12, 15, 17, 1 << 25])
  func `a header with an impossible size is refused`(size: Int) {
    var bytes = [UInt8](repeating: 0, count: 16)
    bytes.withUnsafeMutableBytes { $0.storeBytes(of: UInt32(size), as: UInt32.self) }
    #expect(throws: Frame.Malformed.self) { try bytes.withUnsafeBytes { try Frame.header(of: $0) } }
  }
}
