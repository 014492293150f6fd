// SPDX-License-Identifier: Apache-2.0
internal import Beehive
package import DeviceAPI
internal import JSON
internal import Synchronization

/// Keeps the state of each device at the brokers, for those who subscribe later: dashboards.
///
/// A device that changed is published within a second, whole, on `selvedge/<node>/<namespace>/<name>/twin`; all of them
/// after each connect, since a broker may have forgotten them. A device that goes is taken back, also when the broker
/// comes back later, but not over a restart of this process.
package final class RetainedStates: Module {
  package let name = "retainedStates"
  private let node: String
  private let twins: any TwinService
  private let publisher: any MessagePublisher
  /// Grows with each connect to a broker.
  private let connects: @Sendable () -> UInt64
  private let interval: Duration
  private let clock: WallClock
  private let state = Mutex(State())
  private let tasks = Mutex<[Task<Void, Never>]>([])

  private struct State {
    /// To be published. Bounded by the devices of the node.
    var dirty: Set<DeviceName> = []
    /// To be taken back. Bounded: beyond `goneLimit` a broker keeps them.
    var gone: Set<DeviceName> = []
    var connects: UInt64 = 0
  }

  private static let goneLimit = 10_000

  package convenience init(node: String, twins: any TwinService, bus: EventBus) {
    self.init(node: node, twins: twins, publisher: bus) {
      bus.statistics.reduce(0) { $0 + $1.reconnects + ($1.isConnected ? 1 : 0) }
    }
  }

  init(
    node: String, twins: any TwinService, publisher: any MessagePublisher, interval: Duration = .seconds(1),
    clock: WallClock = .system, connects: @escaping @Sendable () -> UInt64
  ) {
    self.node = node
    self.twins = twins
    self.publisher = publisher
    self.interval = interval
    self.clock = clock
    self.connects = connects
  }

  package func start() async throws {
    let watch = twins.watch(WatchFilter())
    tasks.withLock {
      $0 = [Task { await self.follow(watch) }, Task { await self.publishOften() }]
    }
  }

  package func stop() async {
    let running = tasks.withLock { tasks in
      defer { tasks = [] }
      return tasks
    }
    for task in running { task.cancel() }
    for task in running { await task.value }
  }

  private func follow(_ watch: any TwinWatch) async {
    await withTaskCancellationHandler {
      while let change = await watch.next() {
        state.withLock { state in
          switch change {
          case .changed(let device):
            state.dirty.insert(device.name)
            state.gone.remove(device.name)
          case .removed(let name):
            state.dirty.remove(name)
            if state.gone.count < Self.goneLimit { state.gone.insert(name) }
          }
        }
      }
    } onCancel: {
      watch.cancel()
    }
  }

  private func publishOften() async {
    while !Task.isCancelled {
      publishDue()
      try? await Task.sleep(for: interval)
    }
  }

  /// As many as the brokers take now.
  private func publishDue() {
    let count = connects()
    let names = twins.deviceNames()
    let (dirty, gone) = state.withLock { state in
      if state.connects != count {
        state.connects = count
        state.dirty.formUnion(names)
      }
      return (state.dirty, state.gone)
    }
    for name in gone {
      guard publish([], name) else { return }
      state.withLock { _ = $0.gone.remove(name) }
    }
    for name in dirty {
      // What changes from here on makes it due again.
      state.withLock { _ = $0.dirty.remove(name) }
      guard let device = twins.device(name) else { continue }
      guard publish(encode(device), name) else {
        state.withLock { state in
          if !state.gone.contains(name) { state.dirty.insert(name) }
        }
        return
      }
    }
  }

  private func publish(_ bytes: [UInt8], _ name: DeviceName) -> Bool {
    let topic = MessageTopic("selvedge/\(node)/\(name.namespace)/\(name.name)/twin")
    return bytes.withUnsafeBytes { publisher.publish($0, to: topic, as: .state) }
  }

  // MARK: - The message

  private func encode(_ device: DeviceSnapshot) -> [UInt8] {
    var writer = JSONWriter(capacity: 128 + 96 * device.properties.count)
    writer.beginObject()
    writer.name("timestamp")
    writer.int(clock.milliseconds)
    writer.name("node")
    writer.string(node)
    writer.name("device")
    writer.string(device.name.description)
    writer.name("state")
    writer.string(device.link.state.rawValue)
    if !device.link.reason.isEmpty {
      writer.name("reason")
      writer.string(device.link.reason)
    }
    writer.name("desiredVersion")
    writer.int(device.desiredVersion)
    writer.name("reportedVersion")
    writer.int(device.reportedVersion)
    writer.name("properties")
    writer.beginObject()
    for property in device.properties {
      writer.name(property.name)
      encode(property, into: &writer)
    }
    writer.endObject()
    writer.endObject()
    return writer.bytes
  }

  private func encode(_ property: PropertySnapshot, into writer: inout JSONWriter) {
    writer.beginObject()
    if let reported = property.reported {
      writer.name("value")
      Self.write(reported.value, into: &writer)
      writer.name("quality")
      writer.string(reported.quality.class.rawValue)
      writer.name("timestamp")
      writer.int(reported.time / 1_000_000)
    }
    if let unit = property.unit {
      writer.name("unit")
      writer.string(unit)
    }
    if let desired = property.desired {
      writer.name("desired")
      writer.beginObject()
      writer.name("value")
      Self.write(desired.value, into: &writer)
      writer.name("state")
      writer.string(desired.state.rawValue)
      writer.endObject()
      writer.name("inSync")
      writer.bool(property.inSync)
    }
    writer.endObject()
  }

  private static func write(_ value: Value?, into writer: inout JSONWriter) {
    switch value {
    case nil: writer.value(.null)
    case .int(let number): writer.int(number)
    case .bool(let flag): writer.bool(flag)
    case .float(let number) where number.isFinite:
      writer.value(.number(Double(Value.float(number).text) ?? 0))
    case .double(let number) where number.isFinite: writer.value(.number(number))
    case .some(let other): writer.string(other.text)
    }
  }
}
