// SPDX-License-Identifier: Apache-2.0
import CMapper
import DeviceAPI
import Glibc
import TestSupport
import Testing

@testable import MapperEngine

/// Batches on their way through a real socket pair: FrameOutput at one end, FrameInput and decode at the other.
@Suite(.blocking) struct SampleFrameTests {
  private func travel(_ samples: [mapper_sample], mapping: [SampleFrame.PointMapping]) throws -> [Sample] {
    var ends: [Int32] = [0, 0]
    #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    defer { for end in ends { close(end) } }
    let output = FrameOutput(descriptor: ends[0])
    #expect(samples.withUnsafeBufferPointer { output.send($0, session: 1, arrival: 42, mayWait: true) })
    var input = FrameInput(descriptor: ends[1])
    let filled = input.fill()
    #expect(filled)
    var decoded: [Sample] = []
    let arrival = try input.next { (frame, header) throws(Frame.Malformed) in
      try SampleFrame.decode(frame, header: header, mapping: mapping, into: &decoded)
    }
    #expect(arrival == 42)
    return decoded
  }

  private func sample(_ point: UInt32, _ type: mapper_type, _ fill: (inout mapper_value) -> Void)
    -> mapper_sample
  {
    var sample = mapper_sample()
    sample.point = point
    sample.value.type = type
    sample.value.count = 1
    fill(&sample.value)
    return sample
  }

  @Test func `scalars arrive as the property's type`() throws {
    let decoded = try travel(
      [
        sample(0, MAPPER_TYPE_F32) { $0.f64 = Double(Float(21.1)) },
        sample(1, MAPPER_TYPE_U16) { $0.u64 = 65535 },
        sample(2, MAPPER_TYPE_I8) { $0.i64 = -3 }, sample(3, MAPPER_TYPE_U64) { $0.u64 = .max },
        sample(4, MAPPER_TYPE_BOOL) { $0.u64 = 1 },
      ],
      mapping: [
        .init(property: 4, type: .float), .init(property: 3, type: .int), .init(property: 2, type: .double),
        .init(property: 1, type: .double), .init(property: 0, type: .boolean),
      ])
    #expect(decoded.map(\.property) == [4, 3, 2, 1, 0])
    #expect(
      decoded.map(\.value) == [
        .float(21.1), .int(65535), .double(-3), .double(1.8446744073709552e19), .bool(true),
      ])
  }

  @Test func `text, bytes and arrays travel in the tail`() throws {
    var text = Array("hé".utf8)
    var numbers: [Int16] = [1, -2, 3]
    let decoded = try text.withUnsafeMutableBytes { text in
      try numbers.withUnsafeMutableBytes { numbers in
        try travel(
          [
            sample(0, MAPPER_TYPE_TEXT) {
              $0.count = 3
              $0.data = UnsafeRawPointer(text.baseAddress)
            },
            sample(1, MAPPER_TYPE_ARRAY | MAPPER_TYPE_I16) {
              $0.count = 3
              $0.data = UnsafeRawPointer(numbers.baseAddress)
            },
            sample(2, MAPPER_TYPE_BYTES) {
              $0.count = 2
              $0.data = UnsafeRawPointer(text.baseAddress)
            },
          ],
          mapping: [
            .init(property: 0, type: .string), .init(property: 1, type: .string),
            .init(property: 2, type: .bytes),
          ])
      }
    }
    #expect(decoded.map(\.value) == [.text("hé"), .text("[1,-2,3]"), .bytes([0x68, 0xC3])])
  }

  @Test func `what makes no sense becomes a failed sample or is left out`() throws {
    let decoded = try travel(
      [
        sample(0, MAPPER_TYPE_F64) { $0.f64 = .nan }, sample(0, 77) { _ in },
        sample(9, MAPPER_TYPE_BOOL) { $0.u64 = 1 },
      ],
      mapping: [.init(property: 0, type: .double)])
    #expect(decoded.count == 2)
    #expect(decoded.allSatisfy { $0.value == nil && $0.failure?.status == .type && $0.quality == .bad })
  }

  @Test func `a batch is dropped at once when the host takes nothing and nobody may wait`() {
    var ends: [Int32] = [0, 0]
    #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    defer { for end in ends { close(end) } }
    let output = FrameOutput(descriptor: ends[0])
    let batch = [mapper_sample](repeating: sample(0, MAPPER_TYPE_BOOL) { $0.u64 = 1 }, count: 1000)
    var sent = 0
    while sent < 1000,
      batch.withUnsafeBufferPointer({ output.send($0, session: 1, arrival: 0, mayWait: false) })
    {
      sent += 1
    }
    #expect(sent > 0 && sent < 1000)
    // What was begun is whole: the reader finds frames and nothing else.
    close(ends[0])
    ends[0] = -1
    var input = FrameInput(descriptor: ends[1])
    var received = 0
    while input.fill() {
      while (try? input.next { (_, header) throws(Frame.Malformed) in header.count }) == 1000 {
        received += 1
      }
    }
    #expect(received == sent)
  }
}
