// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Another program, run to its end. Blocks: not for Swift's pool.
enum Program {
  struct Result: Equatable {
    /// Nil: it was killed, by a signal or because its time was over.
    var status: Int32?
    /// Standard output, up to the limit. Standard error goes nowhere.
    var output: [UInt8]
    var text: String { String(decoding: output, as: UTF8.self) }
  }

  /// - Parameters:
  ///   - name: looked for in PATH, and where daemons are.
  ///   - input: standard input; nothing without.
  ///   - seconds: it is killed after that.
  ///   - limit: bytes of output that are kept; it is killed when it writes more.
  /// - Returns: nil when there is no such program.
  static func run(
    _ name: String, _ arguments: [String], input: String? = nil, seconds: Int32 = 10,
    limit: Int = 16 << 20
  ) -> Result? {
    guard let path = find(name) else { return nil }
    var pipe: [Int32] = [-1, -1]
    guard Glibc.pipe(&pipe) == 0 else { return nil }
    for end in pipe { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(pipe[0]) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, input ?? "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, pipe[1], 1)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var id = pid_t()
    let code = posix_spawn(&id, path, &actions, nil, &words, environ)
    close(pipe[1])
    guard code == 0 else { return nil }
    let (output, isWhole) = drain(pipe[0], seconds: seconds, limit: limit)
    if !isWhole { kill(id, SIGKILL) }
    var status: Int32 = 0
    while waitpid(id, &status, 0) < 0, errno == EINTR {}
    return Result(status: isWhole && status & 0x7F == 0 ? status >> 8 & 0xFF : nil, output: output)
  }

  static func find(_ name: String) -> String? {
    if name.contains("/") { return access(name, X_OK) == 0 ? name : nil }
    let folders = (Terminal.environment("PATH") ?? "/usr/bin:/bin").split(separator: ":").map(
      String.init)
    return (folders + ["/usr/local/sbin", "/usr/sbin", "/sbin"]).map { $0 + "/" + name }
      .first { access($0, X_OK) == 0 }
  }

  private static func drain(_ descriptor: Int32, seconds: Int32, limit: Int) -> (
    [UInt8], isWhole: Bool
  ) {
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let end = ContinuousClock.now.advanced(by: .seconds(Int64(seconds)))
    while ContinuousClock.now < end {
      var place = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&place, 1, 200) > 0 else { continue }
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return (output, count == 0) }
      output += buffer[..<count]
      if output.count > limit { return (Array(output.prefix(limit)), false) }
    }
    return (output, false)
  }
}
