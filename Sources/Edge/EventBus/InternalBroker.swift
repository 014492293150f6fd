// SPDX-License-Identifier: Apache-2.0
internal import CSpawn
internal import DeviceAPI
internal import Glibc
internal import Logging
internal import Synchronization
internal import Threads

/// The distribution's mosquitto as a child of this process, on loopback, restarted when it ends.
///
/// It dies with this process, however that ends.
final class InternalBroker: @unchecked Sendable {
  // Sound: `shared` is a lock; the rest is constant or used by the supervising thread alone.

  struct StartError: Error, CustomStringConvertible {
    let description: String
  }

  private struct Shared {
    var isStopping = false
    var restarts: UInt64 = 0
    var pid: pid_t = 0
  }

  private static let stopGrace: Int32 = 2_000
  /// One that ran this long is started again soon after its end.
  private static let healthyTime: Int64 = 10_000_000_000
  private static let lineLimit = 4_096

  private let address: BrokerAddress
  private let configuration: BrokerConfiguration
  private let program: String
  private let log: Logger
  private let onReady: @Sendable () -> Void
  private let shared = Mutex(Shared())
  private let end = ThreadEnd()
  private let sleeper: Sleeper
  private let worker = Mutex<WorkerThread?>(nil)
  private var backOff = BackOff(first: 100, limit: 5_000)
  private var line: [UInt8] = []
  private var lastLine = ""

  /// - Parameter onReady: called on the supervising thread, each time that the broker has begun to listen.
  init(_ options: EventBusOptions, log: Logger, onReady: @escaping @Sendable () -> Void) throws {
    address = options.internal
    guard address.isLoopback else {
      throw StartError(
        description: "the internal broker's address \(address): expected one on loopback, such as "
          + "tcp://127.0.0.1:1884, since it asks nobody for a password")
    }
    configuration = BrokerConfiguration(address: address, folder: options.runtimeFolder)
    program = try Self.findProgram(options.brokerProgram)
    sleeper = try Sleeper()
    self.log = log
    self.onReady = onReady
  }

  /// Starts the broker and its supervision; does not wait until the broker listens.
  func start() async throws {
    try await waitForPort()
    try configuration.write()
    let first = try spawn()
    do {
      let started = try WorkerThread("mqtt-broker") { self.supervise(first) }
      worker.withLock { $0 = started }
    } catch {
      var status: Int32 = 0
      child_stop(first.pid, 0, false, &status)
      close(first.output)
      throw error
    }
  }

  func stop() async {
    guard let worker = worker.withLock({ $0.take() }) else { return }
    shared.withLock { $0.isStopping = true }
    sleeper.signal()
    await end.wait()
    worker.join()
    configuration.remove()
  }

  /// How often it was started again.
  var restarts: UInt64 { shared.withLock { $0.restarts } }

  /// The child's id; 0 while there is none.
  var pid: pid_t { shared.withLock { $0.pid } }

  // MARK: - Before the start

  private static func findProgram(_ given: String?) throws -> String {
    if let given {
      guard access(given, X_OK) == 0 else {
        throw StartError(description: "the broker's program \(given): \(SystemError.text(errno))")
      }
      return given
    }
    let path = getenv("PATH").map { String(cString: $0) } ?? ""
    let folders = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/bin", "/usr/local/sbin"]
    for folder in folders where access(folder + "/mosquitto", X_OK) == 0 { return folder + "/mosquitto" }
    throw StartError(
      description:
        "mosquitto is not installed, which mqttMode 0 and 1 start as the internal broker: install the "
        + "package (apt install mosquitto), or set modules.eventBus.mqttMode to 2 to use a broker of your own"
    )
  }

  /// Waits a second for the port: the broker of an agent that was just killed may still hold it.
  private func waitForPort() async throws {
    for attempt in 0... {
      let status = configuration.probePort()
      if status == 0 { return }
      guard status == EADDRINUSE, attempt < 50 else {
        throw StartError(
          description: status == EADDRINUSE
            ? "port \(address.port) of \(address.host) is in use by another program: stop it, or set "
              + "modules.eventBus.mqttServerInternal to a free port"
            : "the internal broker cannot listen on \(address): \(SystemError.text(status))")
      }
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  // MARK: - The child

  private struct Child {
    var pid: pid_t
    /// Read end of what it logs; closed by whoever supervises it.
    var output: Int32
    var startedAt: Int64
  }

  private func spawn() throws -> Child {
    var pipes: [Int32] = [-1, -1]
    guard pipe(&pipes) == 0 else {
      throw StartError(description: "no pipe for the internal broker's log: \(SystemError.text(errno))")
    }
    defer { close(pipes[1]) }
    // Neither end waits: a broker whose log is not read in time loses lines, not time.
    for end in pipes {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    // Open for reading, whoever may not pass the folders to it: the broker reads it under another user.
    let file = open(configuration.path, O_RDONLY | O_CLOEXEC)
    guard file >= 0, let plan = child_plan_create(program) else {
      let code = errno
      close(pipes[0])
      throw StartError(description: "\(configuration.path): \(SystemError.text(code))")
    }
    defer {
      close(file)
      child_plan_destroy(plan)
    }
    child_plan_argument(plan, "-c")
    child_plan_argument(plan, "/proc/self/fd/3")
    child_plan_descriptor(plan, file, 3)
    child_plan_descriptor(plan, pipes[1], 1)
    child_plan_descriptor(plan, pipes[1], 2)
    child_plan_new_group(plan)
    child_plan_death_signal(plan, SIGTERM)
    if let user = configuration.user { child_plan_user(plan, user.id, user.group) }
    var pid: pid_t = 0
    let status = child_spawn(plan, &pid)
    guard status == 0 else {
      close(pipes[0])
      throw StartError(description: "\(program) could not be started: \(SystemError.text(status))")
    }
    let child = Child(pid: pid, output: pipes[0], startedAt: WallClock.monotonic)
    shared.withLock { $0.pid = child.pid }
    log.debug("the internal broker was started", metadata: ["pid": "\(pid)"])
    return child
  }

  private var isStopping: Bool { shared.withLock { $0.isStopping } }

  private func supervise(_ first: Child) {
    var next: Child? = first
    while let child = next {
      follow(child)
      close(child.output)
      var status: Int32 = 0
      let stops = isStopping
      if stops || child_wait(child.pid, 1_000, &status) != 0 {
        child_stop(child.pid, Self.stopGrace, false, &status)
      }
      shared.withLock { $0.pid = 0 }
      if stops { break }
      next = restart(after: child, status)
    }
    end.come()
  }

  /// Waits, then starts the broker again, until that works; nil when it is to stop.
  private func restart(after child: Child, _ status: Int32) -> Child? {
    if WallClock.monotonic - child.startedAt >= Self.healthyTime { backOff.reset() }
    log.warning(
      "the internal broker ended and is started again",
      metadata: ["error": "\(describeEnd(status))\(lastLine.isEmpty ? "" : ": " + lastLine)"])
    while true {
      if pause(backOff.next()) { return nil }
      do {
        let child = try spawn()
        shared.withLock { $0.restarts += 1 }
        return child
      } catch {
        log.warning("the internal broker could not be started again", metadata: ["error": "\(error)"])
      }
    }
  }

  /// True when it is to stop.
  private func pause(_ milliseconds: Int) -> Bool {
    let end = WallClock.monotonic + Int64(milliseconds) * 1_000_000
    while true {
      sleeper.rearm()
      let left = Int((end - WallClock.monotonic) / 1_000_000)
      if isStopping { return true }
      if left <= 0 { return false }
      sleeper.sleep(milliseconds: left)
    }
  }

  // MARK: - Its log

  /// Passes on what the child logs, until it ends or is to be stopped.
  private func follow(_ child: Child) {
    line.removeAll(keepingCapacity: true)
    lastLine = ""
    var bytes = [UInt8](repeating: 0, count: 1_024)
    while true {
      sleeper.rearm()
      if isStopping { return }
      let count = read(child.output, &bytes, bytes.count)
      if count > 0 {
        for byte in bytes[..<count] { take(byte) }
      } else if count == 0 {
        return
      } else if errno == EAGAIN || errno == EINTR {
        _ = sleeper.sleep(socket: child.output, events: Int16(POLLIN), milliseconds: 60_000)
      } else {
        return
      }
    }
  }

  private func take(_ byte: UInt8) {
    guard byte == UInt8(ascii: "\n") else {
      if line.count < Self.lineLimit { line.append(byte) }
      return
    }
    lastLine = String(decoding: line, as: UTF8.self)
    line.removeAll(keepingCapacity: true)
    log.debug("mosquitto: \(lastLine)")
    if lastLine.hasSuffix(" running") { onReady() }
  }

  private func describeEnd(_ status: Int32) -> String {
    let signal = status & 0x7F
    return signal == 0 ? "exit status \(status >> 8 & 0xFF)" : "signal \(signal)"
  }
}
