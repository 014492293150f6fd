// SPDX-License-Identifier: Apache-2.0
internal import CSpawn
internal import Glibc
internal import Synchronization

/// A real mosquitto on a free port of loopback, for one test. It ends with the object, and with the tests.
package final class MosquittoServer: Sendable {
  package struct StartError: Error, CustomStringConvertible {
    package let description: String
  }

  private let folder: TemporaryFolder
  private let configuration: [String]
  private let child = Mutex<pid_t>(0)
  private let chosenPort = Mutex<UInt16>(0)

  /// - Parameter configuration: further lines of its configuration, such as `max_inflight_messages 0`.
  package init(_ configuration: [String] = []) throws {
    folder = try TemporaryFolder()
    self.configuration = configuration
  }

  deinit { kill() }

  package var port: UInt16 { chosenPort.withLock { $0 } }
  package var url: String { "tcp://127.0.0.1:\(port)" }

  /// Starts it and waits until it listens: at first on a free port, later on the same one.
  package func start() async throws {
    for _ in 0..<5 {
      let isFirst = port == 0
      if isFirst { chosenPort.withLock { $0 = FreePort.find() } }
      try spawn()
      let listens = await eventually { FreePort.isServed(port) || !isRunning }
      if listens, isRunning { return }
      kill()
      if isFirst { chosenPort.withLock { $0 = 0 } }
    }
    throw StartError(description: "mosquitto did not listen on a port of loopback")
  }

  /// Ends it as an operator does.
  package func stop() { end { child_stop($0, 5_000, false, $1) } }

  /// Ends it at once.
  package func kill() { end { child_stop($0, 0, false, $1) } }

  /// Lets it stand still: connections stay, nothing is answered.
  package func pause() {
    child.withLock { pid in
      guard child_signal(pid, SIGSTOP, false) == 0 else { return }
      // It goes on for a moment after the signal.
      var info = siginfo_t()
      waitid(P_PID, id_t(pid), &info, Int32(WSTOPPED | WNOWAIT))
    }
  }
  package func resume() { _ = child.withLock { child_signal($0, SIGCONT, false) } }

  /// What it has logged.
  package var log: String {
    guard let stream = fopen(folder.file("mosquitto.log"), "re") else { return "" }
    defer { fclose(stream) }
    var text: [UInt8] = []
    var bytes = [UInt8](repeating: 0, count: 4_096)
    while case let count = fread(&bytes, 1, bytes.count, stream), count > 0 { text += bytes[..<count] }
    return String(decoding: text, as: UTF8.self)
  }

  package var isRunning: Bool {
    child.withLock { pid in
      guard pid > 0 else { return false }
      var status: Int32 = 0
      guard child_wait(pid, 0, &status) == ETIMEDOUT else {
        pid = 0
        return false
      }
      return true
    }
  }

  private func end(_ method: (pid_t, UnsafeMutablePointer<Int32>) -> Int32) {
    child.withLock { pid in
      guard pid > 0 else { return }
      var status: Int32 = 0
      _ = method(pid, &status)
      pid = 0
    }
  }

  private func spawn() throws {
    var lines = [
      "listener \(port) 127.0.0.1", "allow_anonymous true", "persistence false", "set_tcp_nodelay true",
    ]
    // As root it would change its user, and then no longer end with the tests.
    if geteuid() == 0 { lines.append("user root") }
    lines += configuration
    let file = try folder.write(lines.joined(separator: "\n") + "\n", to: "mosquitto.conf")
    let log = open(folder.file("mosquitto.log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    defer { close(log) }
    for program in ["/usr/sbin/mosquitto", "/usr/bin/mosquitto", "/usr/local/sbin/mosquitto"] {
      guard let plan = child_plan_create(program) else { break }
      defer { child_plan_destroy(plan) }
      child_plan_argument(plan, "-c")
      child_plan_argument(plan, file)
      child_plan_descriptor(plan, log, 1)
      child_plan_descriptor(plan, log, 2)
      child_plan_death_signal(plan, SIGKILL)
      var pid: pid_t = 0
      if child_spawn(plan, &pid) == 0 {
        child.withLock { $0 = pid }
        return
      }
    }
    throw StartError(description: "mosquitto is not installed: apt install mosquitto")
  }
}
