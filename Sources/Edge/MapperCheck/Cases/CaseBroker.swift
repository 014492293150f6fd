// SPDX-License-Identifier: Apache-2.0
internal import CShims
internal import CSpawn
internal import Glibc
internal import Threads

/// A mosquitto of the machine's on a free port of 127.0.0.1, for one case, and a client that sees all that is published.
///
/// One thread.
final class CaseBroker {
  private static let programs = [
    "/usr/sbin/mosquitto", "/usr/bin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/local/bin/mosquitto",
    "/opt/homebrew/sbin/mosquitto",
  ]
  /// Between those that the system gives to its own connections and those of well-known services.
  private static let ports: ClosedRange<UInt16> = 12_000...31_999
  private static let attempts = 5
  private static let startMilliseconds: Int64 = 60_000

  let port: UInt16
  private let process: pid_t
  private let client: MQTTConnection
  /// What others published and no step has named yet; bounded by the messages of a case.
  private var others: [MQTTConnection.Message] = []

  var placeholders: [(String, String)] { [("{port}", "\(port)")] }

  init() throws(CheckEnd) {
    guard let program = Self.programs.first(where: { access($0, X_OK) == 0 }) else {
      throw .skipped("the case needs a broker: install mosquitto")
    }
    for _ in 0..<Self.attempts {
      let port = UInt16.random(in: Self.ports)
      let process = try Self.spawn(program, port: port)
      if Self.listens(process, port: port), let client = MQTTConnection(port: port) {
        self.port = port
        self.process = process
        self.client = client
        return
      }
      var status: Int32 = 0
      child_stop(process, 0, false, &status)
    }
    throw .skipped("\(program) did not listen on a port of 127.0.0.1")
  }

  func stop() {
    client.close()
    var status: Int32 = 0
    child_stop(process, 0, false, &status)
  }

  /// Returns once the broker has handed it on.
  func publish(_ topic: String, _ payload: String) throws(CheckEnd) {
    client.publish(topic, payload)
    while let message = client.next() {
      if message.topic == topic, message.payload == payload { return }
      others.append(message)
    }
    throw .failed(expected: "the broker takes a message to \(topic)", seen: "it does not")
  }

  /// The next message of another's: topic and payload.
  func published() -> String {
    guard let message = others.isEmpty ? client.next() : others.removeFirst() else {
      return "nothing was published"
    }
    return message.topic + " " + message.payload
  }

  /// All that was published so far has been named.
  func requireNoMore() throws(CheckEnd) {
    // What was published before comes before this.
    try publish("mapper-check/end", "")
    guard let message = others.first else { return }
    throw .failed(
      expected: "published for each message of the mapper's", seen: message.topic + " " + message.payload)
  }

  private static func spawn(_ program: String, port: UInt16) throws(CheckEnd) -> pid_t {
    var lines = "listener \(port) 127.0.0.1\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\n"
    // As root it would change its user, and no longer end with this process.
    if geteuid() == 0 { lines += "user root\n" }
    // A file without a name, which the broker reads as its descriptor 3.
    guard let file = OutputFile(), let plan = child_plan_create(program) else {
      throw .skipped("no room for the configuration of a broker")
    }
    defer { child_plan_destroy(plan) }
    guard write(file.descriptor, lines, lines.utf8.count) == lines.utf8.count else {
      throw .skipped("no room for the configuration of a broker")
    }
    child_plan_argument(plan, "-c")
    child_plan_argument(plan, "/proc/self/fd/3")
    child_plan_descriptor(plan, file.descriptor, 3)
    // What is put before the library that is checked is not for the broker.
    child_plan_environment(plan, "LD_PRELOAD=")
    child_plan_death_signal(plan, SIGKILL)
    var process = pid_t()
    let error = child_spawn(plan, &process)
    guard error == 0 else { throw .skipped("\(program) cannot be started: \(SystemError.text(error))") }
    // It reads the file when it starts, perhaps after this object is gone: the descriptor is its own.
    return process
  }

  /// Whether it came to listen; false: it has ended, or takes too long.
  private static func listens(_ process: pid_t, port: UInt16) -> Bool {
    let deadline = sv_monotonic_ns() + startMilliseconds * 1_000_000
    while sv_monotonic_ns() < deadline {
      var status: Int32 = 0
      guard child_wait(process, 5, &status) == ETIMEDOUT else { return false }
      if let probe = MQTTConnection(port: port) {
        probe.close()
        return true
      }
    }
    return false
  }
}
