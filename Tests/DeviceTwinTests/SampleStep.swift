// SPDX-License-Identifier: Apache-2.0
// Messages stand as they are on the wire, in one line.
// swift-format-ignore-file
import DeviceAPI
import DeviceTwin
import TestSupport
import Testing

/// A request and the answers that it gets, all of them, in order.
///
/// The clock stands at 1795515640000 and moves by one second before each request, so that times are exact.
struct SampleStep {
  var suffix: String
  var request: String
  /// Suffix of the device's topic, and text. `@0` is this step's time, `@3` that of step 3.
  var answers: [(String, String)]

  init(_ suffix: String, _ request: String, _ answers: [(String, String)]) {
    self.suffix = suffix
    self.request = request
    self.answers = answers
  }
}

extension SampleStep {
  /// Sends each step and compares every message that comes of it, in order.
  static func run(_ steps: [SampleStep], device: String = "default/one-0") async throws {
    let bench = try await TwinBench()
    let name = try #require(DeviceName(parsing: device))
    bench.twin.deviceChanged(.plain(name))
    _ = bench.publisher.drain()
    for (index, step) in steps.enumerated() {
      bench.clock.advance(milliseconds: 1000)
      bench.send(step.request, to: "$hw/events/device/\(device)/\(step.suffix)")
      #expect(await eventually { bench.publisher.messages.count >= step.answers.count })
      let got = bench.publisher.drain()
      let expected = step.answers.map { suffix, text in
        RecordingPublisher.Message(
          topic: "$hw/events/device/\(device)/\(suffix)", text: times(in: text, step: index))
      }
      #expect(
        got.map { .init(topic: $0.topic, text: withoutUUID($0.text)) } == expected,
        "step \(index): \(step.request)")
    }
    await bench.twin.stop()
    #expect(bench.publisher.drain().isEmpty)
  }

  private static func times(in text: String, step: Int) -> String {
    var result = ""
    var rest = Substring(text)
    while let mark = rest.firstIndex(of: "@") {
      result += rest[..<mark]
      rest = rest[rest.index(after: mark)...]
      let digits = rest.prefix { $0.isNumber }
      guard let number = Int64(digits) else {
        result += "@"
        continue
      }
      let place = number == 0 ? Int64(step) : number - 1
      result += String(1_795_515_640_000 + (place + 1) * 1000)
      rest = rest[digits.endIndex...]
    }
    return result + rest
  }
}
