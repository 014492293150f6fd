// SPDX-License-Identifier: Apache-2.0
// Messages stand as they are on the wire, in one line.
// swift-format-ignore-file
import DeviceAPI
import DeviceTwin
import Glibc
import JSON
import Logging
import Store
import Synchronization
import TestSupport
import Testing

/// Keeps what was published, in order.
final class RecordingPublisher: MessagePublisher {
  struct Message: Sendable, Equatable {
    var topic: String
    var text: String
  }

  private let all = Mutex<[Message]>([])
  private let isOpen = Atomic<Bool>(true)
  /// Whether a state that is published waits for `release`, and whether one does.
  private let holds = Atomic<Bool>(false)
  private let held = Atomic<Bool>(false)

  func publish(_ payload: UnsafeRawBufferPointer, to topic: MessageTopic, as kind: MessageKind) -> Bool {
    let message = Message(topic: topic.description, text: String(decoding: payload, as: UTF8.self))
    all.withLock { $0.append(message) }
    if message.topic.hasSuffix("state/update/result") { waitForRelease() }
    return isOpen.load(ordering: .relaxed)
  }

  /// Has the next state update stop the thread that publishes it, which is the store's writer.
  func holdNextState() { holds.store(true, ordering: .relaxed) }
  func release() { holds.store(false, ordering: .relaxed) }
  var isHeld: Bool { held.load(ordering: .relaxed) }

  /// Ten seconds at most.
  private func waitForRelease() {
    for _ in 0..<10_000 where holds.load(ordering: .relaxed) {
      held.store(true, ordering: .relaxed)
      usleep(1000)
    }
    held.store(false, ordering: .relaxed)
  }

  func close() { isOpen.store(false, ordering: .relaxed) }

  var messages: [Message] { all.withLock { $0 } }

  /// Takes out what there is.
  func drain() -> [Message] {
    all.withLock { messages in
      defer { messages = [] }
      return messages
    }
  }

  /// Those whose topic ends in `suffix`.
  func texts(_ suffix: String) -> [String] { messages.filter { $0.topic.hasSuffix(suffix) }.map(\.text) }
}

/// A driver that keeps what it was told to write; the test answers.
final class FakeDriver: DeviceDriver {
  typealias Completion = @Sendable ([WriteOutcome]) -> Void
  struct Call: Sendable {
    var writes: [PropertyWrite]
    var completion: Completion

    func finish(_ status: MapperStatus, _ text: String = "") {
      completion(writes.map { WriteOutcome(property: $0.property, status: status, text: text) })
    }
  }

  private let all = Mutex<[Call]>([])
  /// Nil: the test answers.
  private let answer: MapperStatus?

  init(answer: MapperStatus? = nil) { self.answer = answer }

  func write(_ values: [PropertyWrite], completion: @escaping Completion) {
    let call = Call(writes: values, completion: completion)
    all.withLock { $0.append(call) }
    if let answer { call.finish(answer, answer.isOK ? "" : "by the test") }
  }

  var calls: [Call] { all.withLock { $0 } }
}

/// A clock that stands until the test moves it.
final class TestClock: Sendable {
  private let time: Atomic<Int64>
  init(milliseconds: Int64 = 1_795_515_640_000) { time = Atomic(milliseconds * 1_000_000) }
  func advance(milliseconds: Int64) { time.wrappingAdd(milliseconds * 1_000_000, ordering: .relaxed) }
  var wall: WallClock { WallClock { self.time.load(ordering: .relaxed) } }
  var milliseconds: Int64 { time.load(ordering: .relaxed) / 1_000_000 }
}

/// A manager with what surrounds it.
struct TwinBench {
  let folder: TemporaryFolder
  let publisher = RecordingPublisher()
  let clock: TestClock
  let twin: TwinManager

  init(
    folder: TemporaryFolder? = nil, clock: TestClock = TestClock(), options: TwinOptions = .quick
  )
    async throws
  {
    self.folder = try folder ?? TemporaryFolder()
    self.clock = clock
    var log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    log.logLevel = .critical
    twin = TwinManager(
      node: "edge-1", database: self.folder.file("twin.db"), publisher: publisher, clock: clock.wall, log: log,
      options: options)
    try await twin.start()
  }

  func send(_ text: String, to topic: String) {
    Array(text.utf8).withUnsafeBytes { twin.receive($0, on: topic) }
  }

  /// Stops the store's writer in its tracks until `publisher.release()`: what follows waits in its queue.
  func holdWriter() async throws {
    let other = makeName("holder")
    func isIdle() -> Bool { twin.statistics.writer.queueDepth == 0 }
    try #require(await eventually { isIdle() })
    twin.deviceChanged(.plain(other))
    try #require(await eventually { isIdle() })
    publisher.holdNextState()
    send(#"{"state":"online"}"#, to: "$hw/events/device/\(other)/state/update")
    try #require(await eventually { publisher.isHeld })
  }

  func update(_ text: String, of device: String = "default/one-0") {
    send(text, to: "$hw/events/device/\(device)/twin/update")
  }
}

extension TwinOptions {
  /// Retries within a test's patience.
  static var quick: TwinOptions {
    var options = TwinOptions()
    options.retryBase = 5_000_000
    options.retryLimit = 20_000_000
    options.fullQueueWait = 5_000_000
    options.jitter = { 1 }
    return options
  }
}

extension TwinOptions {
  /// A write that failed is not tried again within a test.
  static var patient: TwinOptions {
    var options = TwinOptions.quick
    options.retryBase = 3_600_000_000_000
    options.retryLimit = 3_600_000_000_000
    return options
  }
}

let oneName = makeName("one-0")

/// A name in the default namespace; the tests give only good ones.
func makeName(_ name: String) -> DeviceName {
  guard let name = DeviceName(namespace: "default", name: name) else { preconditionFailure("no name: \(name)") }
  return name
}

extension DeviceDescription {
  /// A device that speaks MQTT itself.
  static func plain(_ name: DeviceName = oneName, _ properties: [PropertyDescription] = [])
    -> DeviceDescription
  {
    DeviceDescription(name: name, model: "m", properties: properties, origin: "test")
  }

  /// A device that a mapper drives.
  static func mapped(
    _ properties: [PropertyDescription], name: DeviceName = oneName, telemetry: TelemetryForm = .full
  ) -> DeviceDescription {
    DeviceDescription(
      name: name, model: "m", protocolName: "virtual", properties: properties, telemetry: telemetry,
      origin: "test")
  }
}

extension PropertyDescription {
  /// Read and written by a mapper.
  static func point(
    _ name: String, _ type: PropertyType = .float, minimum: Double? = nil, maximum: Double? = nil,
    cycle: Int = 1000,
    desired: String? = nil, ttl: Int = 0, verify: Bool = false, isWritable: Bool = true
  ) -> PropertyDescription {
    PropertyDescription(
      name: name, type: type, isWritable: isWritable, minimum: minimum, maximum: maximum, visitor: [:],
      reportCycleMilliseconds: cycle, desired: desired, desiredTimeToLiveMilliseconds: ttl, verify: verify)
  }
}

/// The text with a random event id replaced by UUID.
func withoutUUID(_ text: String) -> String {
  let key = "\"event_id\":\""
  guard text.hasPrefix("{" + key) else { return text }
  let start = text.index(text.startIndex, offsetBy: key.count + 1)
  guard let end = text[start...].firstIndex(of: "\""), text[start..<end].count == 36,
    text[start..<end].filter({ $0 == "-" }).count == 4
  else { return text }
  return text.replacingCharacters(in: start..<end)
}

extension String {
  fileprivate func replacingCharacters(in range: Range<Index>) -> String {
    String(self[..<range.lowerBound]) + "UUID" + String(self[range.upperBound...])
  }
}
