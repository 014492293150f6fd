// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import EventBus
import Logging
import Synchronization
import TestSupport

/// Keeps what it gets.
final class RecordingReceiver: MessageReceiver {
  private let kept = Mutex<[(topic: String, text: String)]>([])

  func receive(_ payload: UnsafeRawBufferPointer, on topic: String) {
    let text = String(decoding: payload, as: UTF8.self)
    kept.withLock { $0.append((topic, text)) }
  }

  var texts: [String] { kept.withLock { $0.map(\.text) } }
  var topics: [String] { kept.withLock { $0.map(\.topic) } }
}

/// Answers each request on its topic with `/result`, from inside the call.
final class EchoReceiver: MessageReceiver {
  private let publisher: any MessagePublisher

  init(_ publisher: any MessagePublisher) { self.publisher = publisher }

  func receive(_ payload: UnsafeRawBufferPointer, on topic: String) {
    publisher.publish(payload, to: MessageTopic(topic + "/result"), as: .twin)
  }
}

/// Keeps the lines of a level and above.
struct RecordingLog: LogHandler {
  final class Lines: Sendable {
    private let kept = Mutex<[String]>([])
    var all: [String] { kept.withLock { $0 } }
    func append(_ line: String) { kept.withLock { $0.append(line) } }
  }

  let lines: Lines
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.debug

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    lines.append("\(event.level) \(event.message) \(event.metadata.map { "\($0)" } ?? "")")
  }

  static func make() -> (Logger, Lines) {
    let lines = Lines()
    return (Logger(label: "test") { _ in RecordingLog(lines: lines) }, lines)
  }
}

extension EventBus {
  /// A started bus on an external broker.
  static func started(
    on port: UInt16, receiver: any MessageReceiver = RecordingReceiver(), log: Logger = RecordingLog.make().0,
    _ adjust: (inout EventBusOptions) -> Void = { _ in }
  ) async throws -> EventBus {
    var options = EventBusOptions()
    options.external = BrokerAddress(host: "127.0.0.1", port: port)
    adjust(&options)
    let bus = try EventBus(options, log: log)
    bus.setReceiver(receiver)
    try await bus.start()
    return bus
  }

  func isConnected(within limit: Duration = .seconds(60)) async -> Bool {
    await eventually(within: limit) { statistics.allSatisfy(\.isConnected) }
  }

  @discardableResult
  func publish(_ text: String, to topic: MessageTopic, as kind: MessageKind = .twin) -> Bool {
    Array(text.utf8).withUnsafeBytes { publish($0, to: topic, as: kind) }
  }
}

let requestTopic = "$hw/events/device/default/one/twin/update"
let answerTopic = MessageTopic("$hw/events/device/default/one/twin/update/result")
