// SPDX-License-Identifier: Apache-2.0
import CMapper
import DeviceAPI
import Testing

@testable import MapperEngine

@Suite struct FrameTests {
  private static let binding = SessionBinding(
    session: 7, driver: "modbus", device: "default/pump-1",
    settings: [
      .init(key: "a", value: .bool(true)), .init(key: "b", value: .int(-5)),
      .init(key: "c", value: .number(0.5)),
      .init(key: "d", value: .text("é")), .init(key: "e", value: .json("{}")),
    ],
    points: [.init(name: "speed", type: .float, isWritable: true, cycleMilliseconds: 100, settings: [])],
    callTimeoutMilliseconds: 250, openTimeoutMilliseconds: 900, backoffMilliseconds: 10...20)

  private static let commands: [EngineCommand] = [
    .bind(binding), .unbind(session: 3), .counters, .stop,
    .write(
      .init(
        session: 3, request: 1 << 40,
        items: [
          .init(point: 0, verify: true, value: .bool(true)), .init(point: 1, value: .int(.min)),
          .init(point: 2, value: .float(1.5)),
          .init(point: 3, value: .double(-0.25)), .init(point: 4, value: .text("x")),
          .init(point: 5, value: .bytes([1, 2])),
        ])),
  ]

  private static let events: [EngineEvent] = [
    .loaded(
      .init(
        name: "n", version: "1", abiMinor: 0,
        drivers: [
          .init(id: "d", title: "t", deviceSchema: "{}", pointSchema: nil, extensions: ["mapper.subscribe/1"])
        ])),
    .refused(reason: "why"), .unbound(session: 9),
    .bound(
      .init(
        session: 1, status: .invalid, reason: "r",
        refusedPoints: [.init(point: 2, status: MapperStatus(rawValue: 0x0204), text: "exception 2")])),
    .link(session: 4, state: .degraded, status: .timeout, reason: "slow"),
    .written(session: 5, request: 77, items: [.init(point: 0, status: .ok, text: "")]),
    .counters(MapperReport.Counters()), .log(session: 0, level: .warning, text: "line"),
  ]

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

  @Test(arguments: commands)
  func `a command survives the way`(command: EngineCommand) throws {
    let bytes = command.encode()
    #expect(bytes.count % 8 == 0)
    let back = try decode(bytes) { (frame, header) throws(Frame.Malformed) in
      try EngineCommand(frame: frame, header: header)
    }
    #expect(back == command)
  }

  @Test(arguments: events)
  func `an event survives the way`(event: EngineEvent) throws {
    let back = try decode(event.encode()) { (frame, header) throws(Frame.Malformed) in
      try EngineEvent(frame: frame, header: header)
    }
    #expect(back == event)
  }

  @Test func `frames with wrong lengths are refused and never read beyond their end`() {
    var random = SystemRandomNumberGenerator()
    let seeds = Self.commands.map { $0.encode() } + Self.events.map { $0.encode() }
    for _ in 0..<20_000 {
      var bytes = seeds.randomElement(using: &random) ?? []
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: 4..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      bytes.withUnsafeBytes { raw in
        guard let header = try? Frame.header(of: raw), header.size <= raw.count else { return }
        _ = try? EngineEvent(frame: raw, header: header)
        _ = try? EngineCommand(frame: raw, header: header)
        var samples: [Sample] = []
        _ = try? SampleFrame.decode(
          raw, header: header,
          mapping: [.init(property: 0, type: .float), .init(property: 1, type: .string)],
          into: &samples)
      }
    }
  }

  @Test(arguments: [0, 8, 12, 15, 17, 1 << 25])
  func `a header with an impossible size is refused`(size: Int) {
    var bytes = [UInt8](repeating: 0, count: 16)
    bytes.withUnsafeMutableBytes { $0.storeBytes(of: UInt32(size), as: UInt32.self) }
    #expect(throws: Frame.Malformed.self) { try bytes.withUnsafeBytes { try Frame.header(of: $0) } }
  }
}
