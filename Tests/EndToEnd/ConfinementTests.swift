// SPDX-License-Identifier: Apache-2.0
import Glibc
import JSON
import TestSupport
import Testing

/// What a driver reaches from within its runner, and what it does not.
@Suite(.runsNodes) struct ConfinementTests {
  /// A folder that belongs neither to the system nor to the mapper, as the agent's own one is.
  ///
  /// `/tmp` is everybody's, so it is not there.
  private struct Elsewhere {
    let path: String

    init() throws {
      var template = Array("/var/tmp/selvedge.XXXXXX".utf8CString)
      path = String(cString: try #require(mkdtemp(&template)))
      try Files.write("secret", to: path + "/state")
    }

    func remove() {
      unlink(path + "/state")
      unlink(path + "/allowed/file")
      rmdir(path + "/allowed")
      rmdir(path)
    }
  }

  /// An attempt, and the errno that it ends with.
  private static func attempts(_ elsewhere: String) -> [(name: String, settings: String, result: Int32)] {
    [
      ("system", "attempt: open, path: /etc/passwd", 0),
      ("zone", "attempt: open, path: /usr/share", 0),
      ("terminal", "attempt: terminal", 0),
      ("scratch", "attempt: change, path: /tmp/selvedge-escapes-\(getpid())", 0),
      ("thread", "attempt: thread", 0),
      ("allowed", "attempt: change, path: \(elsewhere)/allowed/file", 0),
      ("state", "attempt: open, path: \(elsewhere)/state", EACCES),
      ("home", "attempt: open, path: /root", EACCES),
      ("other-process", "attempt: open, path: /proc/\(getpid())/environ", EACCES),
      ("system-change", "attempt: change, path: /etc/selvedge-escapes", EACCES),
      ("program", "attempt: program", EPERM),
      ("trace", "attempt: trace", EPERM),
      ("mount", "attempt: mount", EPERM),
      ("user", "attempt: user", EPERM),
      ("raise", "attempt: raise", EPERM),
      ("memory", "attempt: memory", ENOMEM),
      ("signal", "attempt: signal", EPERM),
    ]
  }

  @Test func `a driver reaches what it needs, and neither the agent's files nor other processes`()
    async throws
  {
    let elsewhere = try Elsewhere()
    defer { elsewhere.remove() }
    try Files.makeFolder(elsewhere.path + "/allowed")
    defer { unlink("/tmp/selvedge-escapes-\(getpid())") }
    let node = try await FaultNode(limits: "writable: [\(elsewhere.path)/allowed]", mappers: ["escapes"])
    let attempts = Self.attempts(elsewhere.path)
    for attempt in attempts {
      try node.declare("escapes", as: attempt.name, settings: attempt.settings)
    }
    for attempt in attempts {
      let isAsExpected = await node.node.reports(
        .int(Int64(attempt.result)), as: "p", of: "default/" + attempt.name)
      let result = await node.node.reported("p", of: "default/" + attempt.name)
      // A kernel that restricts no files or signals has said so.
      let isExcused =
        attempt.result == EACCES && node.node.log.contains("this system lacks Landlock:")
        || attempt.name == "signal" && node.node.log.contains("the mapper may signal other processes")
      #expect(isAsExpected || isExcused, "\(attempt.name): \(result.text)")
    }
    #expect(!node.node.log.contains("this system lacks seccomp"))
  }

  @Test(.enabled(if: geteuid() == 0)) func `a runner of root can have a user of its own`() async throws {
    let nobody = try #require(getpwnam("nobody")).pointee.pw_uid
    let node = try await FaultNode(limits: "mappers: {escapes: {user: nobody}}", mappers: ["escapes"])
    try node.declare("escapes", as: "who", settings: "attempt: who")
    try node.declare("escapes", as: "shadow", settings: "attempt: open, path: /etc/shadow")
    #expect(await node.node.reports(.int(Int64(nobody)), as: "p", of: "default/who"))
    #expect(await node.node.reports(.int(Int64(EACCES)), as: "p", of: "default/shadow"))
    // It still ends with the agent.
    let runner = pid_t(await node.node.mapper("escapes")["processID"]?.int ?? 0)
    try #require(runner > 0)
    #expect(Glibc.kill(runner, 0) == 0)
    node.node.kill()
    #expect(await eventually { Glibc.kill(runner, 0) != 0 && errno == ESRCH })
  }

  @Test func `what a mapper has started ends with its runner, however that ends`() async throws {
    let node = try await FaultNode(
      limits: "mappers: {fork-bomb: {processes: 100}}", mappers: ["fork-bomb"])
    try node.declare("fork-bomb", settings: "count: 1")
    var child: pid_t = 0
    try #require(
      await eventually {
        child = pid_t(await node.node.reported("p", of: "default/fork-bomb").int ?? 0)
        return child > 0
      })
    let runner = pid_t(await node.node.mapper("fork-bomb")["processID"]?.int ?? 0)
    try #require(runner > 0)
    #expect(Glibc.kill(child, 0) == 0)
    Glibc.kill(runner, SIGKILL)
    #expect(await eventually { Glibc.kill(child, 0) != 0 && errno == ESRCH })
    // And with the agent, when that is stopped.
    #expect(
      await eventually {
        let next = pid_t(await node.node.reported("p", of: "default/fork-bomb").int ?? 0)
        defer { child = next }
        return next > 0 && next != child && Glibc.kill(next, 0) == 0
      })
    #expect(await node.node.stop() == .exited(0))
    #expect(await eventually { Glibc.kill(child, 0) != 0 && errno == ESRCH })
  }
}
