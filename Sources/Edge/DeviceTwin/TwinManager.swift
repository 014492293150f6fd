// SPDX-License-Identifier: Apache-2.0
internal import Beehive
package import DeviceAPI
package import Logging
internal import Store
internal import Synchronization

/// The twins of all devices of this node: in memory for reading, on disk for keeping.
///
/// It is fed by mapper hosts (`DeviceFeed`), MQTT clients (`MessageReceiver`), manifests or the cloud
/// (`DeviceConsumer`) and the API (`TwinService`), and drives devices through what hosts attach.
package final class TwinManager: Module {
  package let name = "deviceTwin"
  let context: TwinContext
  let devices = Mutex<[DeviceName: Device]>([:])
  private let databasePath: String
  let isRunning = Atomic<Bool>(false)

  /// - Parameters:
  ///   - node: this node's name, in membership topics.
  ///   - database: path of the SQLite file; its folder must exist. No other process may use it meanwhile.
  ///   - publisher: takes answers, documents and telemetry; held strongly.
  ///   - consumers: take every value too.
  ///   - events: where changes of links and of desired values are told.
  package init(
    node: String, database: String, publisher: any MessagePublisher, consumers: [any SampleConsumer] = [],
    events: (any EventRecorder)? = nil, clock: WallClock = .system, log: Logger,
    options: TwinOptions = TwinOptions()
  ) {
    databasePath = database
    context = TwinContext(
      node: node, publisher: publisher, consumers: consumers, events: events, clock: clock, log: log,
      options: options)
  }

  /// Opens the file and loads all twins; afterwards every query is answered from memory.
  package func start() async throws {
    let context = context
    let loaded = try await context.writer.start(
      path: databasePath,
      prepare: { database in
        try TwinSchema.migrations.apply(to: database)
        return try TwinLoader.load(from: database, context: context)
      }, onEvent: { [weak self] in self?.storeChanged($0) })
    devices.withLock { devices in
      devices.reserveCapacity(loaded.count)
      for device in loaded { devices[device.name] = device }
    }
    try context.schedule.start()
    isRunning.store(true, ordering: .relaxed)
    for device in loaded { device.wakeUp(at: device.state.withLock { $0.nextReport }, changed: false) }
  }

  /// Reports what is due, writes all that was accepted and closes the file.
  package func stop() async {
    context.schedule.stop()
    context.watches.stop()
    if isRunning.exchange(false, ordering: .relaxed) {
      for device in allDevices() { device.flush() }
    }
    await context.writer.stop()
  }

  package var statistics: TwinStatistics {
    var statistics = context.counters.statistics
    statistics.devices = devices.withLock { $0.count }
    statistics.watchers = context.watches.watchers
    statistics.writer = context.writer.statistics
    return statistics
  }

  func find(_ name: DeviceName) -> Device? { devices.withLock { $0[name] } }

  func allDevices() -> [Device] { devices.withLock { Array($0.values) } }
}

extension TwinManager: DeviceFeedDirectory {
  /// Nil also for a device that is on disk but was not declared in this run.
  ///
  /// A feed counts properties as the description of this moment does. Take a new one after every
  /// `deviceChanged`; the batches of an older one are dropped and counted once the list of properties
  /// differs.
  package func feed(of device: DeviceName) -> (any DeviceFeed)? { find(device)?.feed() }
}

extension TwinManager: DeviceConsumer {
  package func deviceChanged(_ description: DeviceDescription) {
    if let known = find(description.name) {
      known.declare(description)
      return
    }
    // Nobody sees it before it is what the description says.
    let new = Device(name: description.name, id: context.newID(), context: context, state: DeviceState())
    new.declare(description)
    let other = devices.withLock { devices -> Device? in
      if let other = devices[description.name] { return other }
      devices[description.name] = new
      return nil
    }
    if let other {
      // Somebody else declared it at the same moment.
      new.remove()
      other.declare(description)
    } else {
      // A watch that began meanwhile saw neither the change nor the device.
      context.watches.deviceChanged(new)
      context.events?.record(.declared(description, "declare"))
      publishMembership(of: description.name, isAdded: true)
    }
  }

  package func deviceRemoved(_ name: DeviceName) {
    guard let device = devices.withLock({ $0.removeValue(forKey: name) }) else { return }
    let origin = device.remove()
    context.watches.deviceRemoved(device)
    context.events?.record(.removed(name, origin: origin))
    publishMembership(of: name, isAdded: false)
  }
}

extension TwinManager: TwinAccess {
  package func deviceNames() -> [DeviceName] { devices.withLock { $0.keys.sorted() } }

  package func device(_ name: DeviceName) -> DeviceSnapshot? { find(name)?.snapshot() }

  package func device(_ name: DeviceName, after change: UInt64?, only names: Set<String>?) -> DeviceSnapshot?
  {
    find(name)?.snapshot(after: change, only: names)
  }

  package func read<Result>(_ name: DeviceName, _ body: (any DeviceView) -> Result) -> Result? {
    find(name)?.read(body)
  }

  package func follow(_ wake: @escaping @Sendable () -> Void) -> any TwinFollower {
    let follower = Follower(hub: context.watches, wake: wake)
    context.watches.add(follower)
    return follower
  }

  package var epoch: Int64 { context.epoch }

  package func removals(after position: UInt64) -> [DeviceName]? {
    context.watches.removals(after: position)
  }

  package func setDesired(
    _ changes: [DesiredChange], of device: DeviceName, origin: DesiredOrigin, caller: Caller,
    ifVersion: Int64?
  ) async throws(TwinError) -> DeviceSnapshot {
    guard let found = find(device) else { throw .deviceNotFound(device) }
    let result = await withCheckedContinuation { continuation in
      found.setDesired(changes, origin: origin, caller: caller, ifVersion: ifVersion) {
        continuation.resume(returning: $0)
      }
    }
    return try result.get()
  }

  package func watch(_ filter: WatchFilter) -> any TwinWatch {
    let watch = Watch(filter, hub: context.watches)
    // Before the list is read, so that no device falls between.
    context.watches.add(watch)
    for device in allDevices().sorted(by: { $0.name < $1.name }) { watch.deviceChanged(device) }
    return watch
  }
}
