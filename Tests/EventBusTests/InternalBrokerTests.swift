// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import EventBus
import Glibc
import TestSupport
import Testing

/// The broker that the agent starts itself.
struct InternalBrokerTests {
  private func options(_ folder: TemporaryFolder) -> EventBusOptions {
    var options = EventBusOptions()
    options.mode = .internal
    options.internal = BrokerAddress(host: "127.0.0.1", port: FreePort.find())
    options.runtimeFolder = folder.file("run/bus")
    return options
  }

  private func exists(_ pid: Int32) -> Bool { kill(pid, 0) == 0 }

  @Test func `starts, is started again after a kill, and is gone after the stop`() async throws {
    let folder = try TemporaryFolder()
    let options = options(folder)
    let receiver = RecordingReceiver()
    let (log, lines) = RecordingLog.make()
    let bus = try EventBus(options, log: log)
    bus.setReceiver(receiver)
    try await bus.start()
    let first = try #require(bus.brokerPID)
    #expect(await bus.isConnected())
    #expect(lines.all.contains { $0.hasPrefix("debug mosquitto:") })
    // The broker came up before the first try, so that no failure is told.
    #expect(!lines.all.contains { $0.hasPrefix("warning") })
    var client = try await MQTTTestClient(port: options.internal.port)
    try await client.publish("one", to: requestTopic)
    #expect(await eventually { receiver.texts == ["one"] })

    #expect(kill(first, SIGKILL) == 0)
    #expect(await eventually { bus.brokerRestarts == 1 && bus.brokerPID != nil })
    let second = try #require(bus.brokerPID)
    #expect(second != first)
    #expect(
      await eventually {
        bus.statistics[0].isConnected && bus.statistics[0].reconnects == 1
      })
    #expect(lines.all.contains { $0.contains("internal broker ended") && $0.contains("signal 9") })
    client = try await MQTTTestClient(port: options.internal.port)
    try await client.publish("two", to: requestTopic)
    #expect(await eventually { receiver.texts == ["one", "two"] })

    await bus.stop()
    #expect(!exists(first) && !exists(second))
    #expect(bus.brokerPID == nil)
    #expect(!FreePort.isServed(options.internal.port))
    #expect(access(options.runtimeFolder + "/mosquitto.conf", F_OK) != 0)
  }

  @Test func `kills a broker that does not end when asked`() async throws {
    let folder = try TemporaryFolder()
    let bus = try EventBus(options(folder), log: RecordingLog.make().0)
    bus.setReceiver(RecordingReceiver())
    try await bus.start()
    #expect(await bus.isConnected())
    let program = try folder.write("#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 0.05; done\n", to: "stubborn")
    chmod(program, 0o755)
    chmod(folder.path, 0o755)
    await bus.stop()

    var stubborn = options(folder)
    stubborn.brokerProgram = program
    let second = try EventBus(stubborn, log: RecordingLog.make().0)
    second.setReceiver(RecordingReceiver())
    try await second.start()
    let pid = try #require(second.brokerPID)
    // Time to set its trap.
    try await Task.sleep(for: .milliseconds(300))
    await second.stop()
    #expect(!exists(pid))
  }

  @Test func `does not run as root`() async throws {
    guard geteuid() == 0 else { return }
    let folder = try TemporaryFolder()
    let bus = try EventBus(options(folder), log: RecordingLog.make().0)
    bus.setReceiver(RecordingReceiver())
    try await bus.start()
    #expect(await bus.isConnected())
    var status = stat()
    #expect(stat("/proc/\(try #require(bus.brokerPID))", &status) == 0)
    #expect(status.st_uid != 0)
    await bus.stop()
  }

  @Test func `says what to do when the port is in use`() async throws {
    let folder = try TemporaryFolder()
    let other = try MosquittoServer()
    try await other.start()
    var options = options(folder)
    options.internal = BrokerAddress(host: "127.0.0.1", port: other.port)
    let bus = try EventBus(options, log: RecordingLog.make().0)
    bus.setReceiver(RecordingReceiver())
    await #expect {
      try await bus.start()
    } throws: {
      "\($0)".contains("port \(other.port)") && "\($0)".contains("in use")
        && "\($0)".contains("mqttServerInternal")
    }
    await bus.stop()
    #expect(FreePort.isServed(other.port))
  }

  @Test func `says what to do when the program is missing`() throws {
    let folder = try TemporaryFolder()
    var options = options(folder)
    options.brokerProgram = folder.file("nothing")
    #expect { try EventBus(options, log: RecordingLog.make().0) } throws: {
      "\($0)".contains(folder.file("nothing"))
    }
  }

  @Test func `listens on loopback only`() throws {
    let folder = try TemporaryFolder()
    var options = options(folder)
    options.internal = BrokerAddress(host: "0.0.0.0", port: 1884)
    #expect { try EventBus(options, log: RecordingLog.make().0) } throws: { "\($0)".contains("loopback") }
  }

  @Test func `serves both brokers`() async throws {
    let folder = try TemporaryFolder()
    let external = try MosquittoServer()
    try await external.start()
    var options = options(folder)
    options.mode = .both
    options.external = BrokerAddress(host: "127.0.0.1", port: external.port)
    let receiver = RecordingReceiver()
    let bus = try EventBus(options, log: RecordingLog.make().0)
    bus.setReceiver(receiver)
    try await bus.start()
    #expect(await bus.isConnected())
    #expect(bus.statistics.map(\.address) == [options.internal, options.external])
    let inside = try await MQTTTestClient(port: options.internal.port)
    let outside = try await MQTTTestClient(port: external.port)
    for client in [inside, outside] { try await client.subscribe(answerTopic.description) }
    try await inside.publish("inside", to: requestTopic)
    #expect(await eventually { receiver.texts == ["inside"] })
    try await outside.publish("outside", to: requestTopic)
    #expect(await eventually { receiver.texts == ["inside", "outside"] })
    #expect(bus.publish("answer", to: answerTopic))
    #expect(await inside.messages(count: 1).map(\.text) == ["answer"])
    #expect(await outside.messages(count: 1).map(\.text) == ["answer"])

    // One of them gone: the other goes on.
    external.kill()
    #expect(await eventually { !bus.statistics[1].isConnected })
    #expect(bus.publish("still", to: answerTopic))
    #expect(await inside.messages(count: 2).map(\.text) == ["answer", "still"])
    #expect(bus.statistics[1].droppedTwin.disconnected == 1)
    await bus.stop()
  }
}
