// SPDX-License-Identifier: Apache-2.0
import CMapper
import DeviceAPI

@testable import MapperEngine

/// A frame of every kind.
enum FrameSamples {
  static let binding = SessionBinding(
    session: 7, driver: "modbus", device: "default/pump-1",
    settings: [
      .init(key: "a", value: .bool(true)), .init(key: "b", value: .int(-5)),
      .init(key: "c", value: .number(0.5)),
      .init(key: "d", value: .text("é")), .init(key: "e", value: .json("{}")),
    ],
    points: [.init(name: "speed", type: .float, isWritable: true, cycleMilliseconds: 100, settings: [])],
    callTimeoutMilliseconds: 250, openTimeoutMilliseconds: 900, backoffMilliseconds: 10...20)

  static let commands: [EngineCommand] = [
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
    .call(
      .init(
        session: 9, request: 5, method: 3, timeoutMilliseconds: 5000,
        arguments: [
          .bool(true), .int(-1), .uint(.max), .double(0.5), .text("é"), .bytes([0, 255]), .nothing,
        ])),
    .scan(
      .init(
        request: 6, driver: "modbus", options: [.init(key: "from", value: .int(1))],
        timeoutMilliseconds: 60_000)),
    .describe(session: 2, request: 7, timeoutMilliseconds: 1), .cancel(request: .max),
  ]

  static let events: [EngineEvent] = [
    .loaded(
      .init(
        name: "n", version: "1", abiMinor: 0,
        drivers: [
          .init(
            id: "d", title: "t", deviceSchema: "{}", pointSchema: nil, extensions: ["mapper.subscribe/1"]),
          .init(
            id: "e", title: "", deviceSchema: nil, pointSchema: nil, extensions: [],
            methods: [
              .init(name: "reset", summary: "s", isIdempotent: true),
              .init(
                name: "home",
                arguments: [.init(name: "axis", type: .int), .init(name: "log", type: .bytes)],
                result: .text, changesState: true, needsConfirmation: true),
            ], scanSchema: "{}", canScan: true, canDescribe: true),
        ])),
    .refused(reason: "why"), .unbound(session: 9),
    .bound(
      .init(
        session: 1, status: .invalid, reason: "r",
        refusedPoints: [.init(point: 2, status: MapperStatus(rawValue: 0x0204), text: "exception 2")])),
    .link(session: 4, state: .degraded, status: .timeout, reason: "slow"),
    .written(session: 5, request: 77, items: [.init(point: 0, status: .ok, text: "")]),
    .called(session: 3, request: 8, status: .ok, text: "", result: .uint(1)),
    .called(session: 3, request: 9, status: .denied, text: "no", result: .nothing),
    .found(
      request: 10,
      .init(
        confidence: 100, name: "n", title: "t", settings: "{}",
        properties: [
          .init(name: "p", summary: "s", type: .stream, isWritable: true, unit: "u", settings: "{}"),
          .init(name: "q"),
        ])),
    .progress(request: 11, done: 1, total: 2, text: "unit 1"),
    .scanned(request: 12, status: .timeout, text: "out of time"),
    .counters(MapperReport.Counters()), .log(session: 0, level: .warning, text: "line"),
  ]

  /// All of them as bytes.
  static let frames: [[UInt8]] = commands.map { $0.encode() } + events.map { $0.encode() } + [sampleFrame]

  /// Two samples: a float, and a text of four bytes.
  private static var sampleFrame: [UInt8] {
    var first = mapper_sample()
    first.value.type = MAPPER_TYPE_F32
    first.value.count = 1
    first.value.f64 = 1.5
    var second = mapper_sample()
    second.point = 1
    second.value.type = MAPPER_TYPE_TEXT
    second.value.count = 4
    var bytes = [UInt8](repeating: 0, count: SampleFrame.headSize)
    bytes.withUnsafeMutableBytes {
      SampleFrame.head(session: 1, count: 2, tail: 8, arrival: 1_700_000_000_000_000_000, into: $0)
    }
    for sample in [first, second] { withUnsafeBytes(of: sample) { bytes += $0 } }
    return bytes + Array("text\0\0\0\0".utf8)
  }

  /// Decodes a frame in every way that there is, as host and as runner.
  ///
  /// - Returns: what was read, encoded again; nil for a malformed frame.
  static func decode(_ raw: UnsafeRawBufferPointer) -> [UInt8]? {
    guard let header = try? Frame.header(of: raw), header.size <= raw.count else { return nil }
    if let event = try? EngineEvent(frame: raw, header: header) { return event.encode() }
    if let command = try? EngineCommand(frame: raw, header: header) { return command.encode() }
    guard header.kind == Frame.Kind.samples.rawValue else { return nil }
    var samples: [Sample] = []
    let mapping: [SampleFrame.PointMapping] = [
      .init(property: 0, type: .float), .init(property: 1, type: .string), .init(property: 2, type: .bytes),
    ]
    _ = try? SampleFrame.decode(raw, header: header, mapping: mapping, into: &samples)
    return nil
  }
}
