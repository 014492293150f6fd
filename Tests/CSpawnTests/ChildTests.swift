// SPDX-License-Identifier: Apache-2.0
import CSpawn
import Glibc
import TestSupport
import Testing

/// Runs shell scripts as children and looks at what they find.
struct ChildTests {
  private struct Ended {
    var exitStatus: Int32
    var output: String
  }

  /// Runs `script` in a shell whose standard output is collected.
  private func run(_ script: String, _ adjust: (OpaquePointer) -> Void = { _ in }) throws -> Ended {
    let folder = try TemporaryFolder()
    let output = open(folder.file("output"), O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    defer { close(output) }
    let plan = try #require(child_plan_create("/bin/sh"))
    defer { child_plan_destroy(plan) }
    child_plan_argument(plan, "-c")
    child_plan_argument(plan, script)
    child_plan_descriptor(plan, output, 1)
    adjust(plan)
    var pid: pid_t = 0
    #expect(child_spawn(plan, &pid) == 0)
    var status: Int32 = 0
    #expect(child_wait(pid, 10_000, &status) == 0)
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = max(pread(output, &bytes, bytes.count, 0), 0)
    return Ended(
      exitStatus: status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F),
      output: String(decoding: bytes[..<count], as: UTF8.self))
  }

  @Test func `passes arguments and environment`() throws {
    let ended = try run("printf '%s|' \"$A\" \"$B\" \"$0\" \"$1\"; exit 7") { plan in
      child_plan_argument(plan, "zero")
      child_plan_argument(plan, "one two")
      child_plan_environment(plan, "A=first")
      child_plan_environment(plan, "B=x=y")
      child_plan_environment(plan, "A=last")
    }
    #expect(ended.output.hasSuffix("|x=y|zero|one two|"))
    #expect(ended.exitStatus == 7)
  }

  @Test func `replaces a variable of the parent, keeps the others, or leaves all out`() throws {
    let parentPath = getenv("PATH").map { String(cString: $0) } ?? ""
    #expect(try run("echo $PATH").output == parentPath + "\n")
    #expect(try run("echo $PATH") { child_plan_environment($0, "PATH=/only") }.output == "/only\n")
    let empty = try run("/usr/bin/env") { plan in
      child_plan_clear_environment(plan)
      child_plan_environment(plan, "KEPT=1")
    }
    #expect(empty.output.split(separator: "\n").contains("KEPT=1"))
    #expect(!empty.output.contains("HOME="))
  }

  @Test func `gives the child the named descriptors and no others`() throws {
    let folder = try TemporaryFolder()
    let text = try folder.write("text", to: "text")
    // Not close-on-exec on purpose.
    let leaky = open(text, O_RDONLY)
    let named = open(text, O_RDONLY | O_CLOEXEC)
    defer {
      close(leaky)
      close(named)
    }
    let ended = try run("cat <&9; echo; ls /proc/self/fd") { child_plan_descriptor($0, named, 9) }
    // 3 is the folder that ls reads.
    #expect(ended.output == "text\n0\n1\n2\n3\n9\n")
    #expect(try run("readlink /proc/self/fd/0").output == "/dev/null\n")
  }

  @Test func `moves descriptors that stand in each other's place`() throws {
    let folder = try TemporaryFolder()
    let first = open(try folder.write("first", to: "1"), O_RDONLY | O_CLOEXEC)
    let second = open(try folder.write("second", to: "2"), O_RDONLY | O_CLOEXEC)
    defer {
      close(first)
      close(second)
    }
    let ended = try run("cat /proc/self/fd/\(first) /proc/self/fd/\(second)") { plan in
      child_plan_descriptor(plan, first, second)
      child_plan_descriptor(plan, second, first)
    }
    #expect(ended.output == "secondfirst")
    let low = try run("cat <&4; cat <&3") { plan in
      child_plan_descriptor(plan, first, 4)
      child_plan_descriptor(plan, second, 3)
    }
    #expect(low.output == "firstsecond")
  }

  @Test func `starts the child with default signals, none blocked`() throws {
    var block = sigset_t()
    var before = sigset_t()
    sigemptyset(&block)
    sigaddset(&block, SIGTERM)
    sigaddset(&block, SIGUSR1)
    pthread_sigmask(SIG_BLOCK, &block, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    let masks = try run("grep -E 'SigBlk|SigIgn' /proc/self/status").output
    #expect(masks.split(separator: "\n").count == 2)
    #expect(masks.split(separator: "\n").allSatisfy { $0.hasSuffix("\t0000000000000000") }, "\(masks)")
    #expect(try run("kill -TERM $$; sleep 5").exitStatus == -SIGTERM)
  }

  @Test func `says why a program did not start`() throws {
    let folder = try TemporaryFolder()
    let text = try folder.write("no program", to: "text")
    for (path, expected) in [(folder.file("missing"), ENOENT), (text, EACCES), (folder.path, EACCES)] {
      let plan = try #require(child_plan_create(path))
      var pid: pid_t = -7
      #expect(child_spawn(plan, &pid) == expected)
      #expect(pid == -7)
      child_plan_destroy(plan)
    }
    let plan = try #require(child_plan_create("/bin/true"))
    defer { child_plan_destroy(plan) }
    child_plan_descriptor(plan, -1, 3)
    var pid: pid_t = 0
    #expect(child_spawn(plan, &pid) == EBADF)
  }

  @Test func `waits with a limit, and tells the end by a descriptor`() throws {
    let plan = try #require(child_plan_create("/bin/sleep"))
    defer { child_plan_destroy(plan) }
    child_plan_argument(plan, "60")
    var pid: pid_t = 0
    #expect(child_spawn(plan, &pid) == 0)
    var status: Int32 = 0
    #expect(child_wait(pid, 0, &status) == ETIMEDOUT)
    #expect(child_wait(pid, 30, &status) == ETIMEDOUT)
    let watch = child_watch(pid)
    defer { close(watch) }
    var entry = pollfd(fd: watch, events: Int16(POLLIN), revents: 0)
    #expect(poll(&entry, 1, 0) == 0)
    #expect(child_signal(pid, SIGKILL, false) == 0)
    #expect(poll(&entry, 1, 10_000) == 1)
    #expect(child_wait(pid, -1, &status) == 0)
    #expect(status & 0x7F == SIGKILL)
    #expect(child_wait(pid, 0, &status) == ECHILD)
  }

  @Test func `stops a group whose leader does not listen`() async throws {
    let folder = try TemporaryFolder()
    let plan = try #require(child_plan_create("/bin/sh"))
    defer { child_plan_destroy(plan) }
    child_plan_argument(plan, "-c")
    child_plan_argument(
      plan,
      "trap '' TERM; sleep 60 & echo $! > \(folder.file("pid")); touch \(folder.file("up")); wait; sleep 60")
    child_plan_new_group(plan)
    var pid: pid_t = 0
    #expect(child_spawn(plan, &pid) == 0)
    #expect(getpgid(pid) == pid)
    #expect(await eventually { access(folder.file("up"), F_OK) == 0 })
    var status: Int32 = 0
    #expect(child_stop(pid, 100, true, &status) == 0)
    #expect(status & 0x7F == SIGKILL)
    // Nobody of the group is left, but perhaps one whom init has not reaped yet.
    #expect(await eventually { kill(-pid, 0) != 0 })
  }

  @Test func `runs a child as another user`() throws {
    guard geteuid() == 0 else { return }
    #expect(
      try run("id -u; id -g; id -G") { child_plan_user($0, 65_534, 65_533) }.output == "65534\n65533\n65533\n"
    )
  }

  @Test func `starts children from many threads at once`() async throws {
    let statuses = await withTaskGroup(of: Int32.self) { group in
      for number in 0..<40 {
        group.addTask {
          guard let plan = child_plan_create("/bin/sh") else { return -1 }
          defer { child_plan_destroy(plan) }
          child_plan_argument(plan, "-c")
          child_plan_argument(plan, "exit \(number)")
          var pid: pid_t = 0
          var status: Int32 = 0
          guard child_spawn(plan, &pid) == 0, child_wait(pid, 10_000, &status) == 0 else { return -1 }
          return status >> 8
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(statuses.sorted() == Array(0..<40))
  }

  /// In a program of its own, since the parent has to die.
  @Test func `lives on when the thread that started it ends, and dies with the process`() async throws {
    let folder = try TemporaryFolder()
    let source = try folder.write(
      """
      #include "child.h"
      #include <pthread.h>
      #include <signal.h>
      #include <stdio.h>
      #include <unistd.h>
      static pid_t pid;
      static void *start(void *argument) {
        struct child_plan *plan = child_plan_create("/bin/sleep");
        child_plan_argument(plan, "60");
        child_plan_death_signal(plan, SIGKILL);
        child_spawn(plan, &pid);
        return argument;
      }
      int main(void) {
        pthread_t thread;
        pthread_create(&thread, NULL, start, NULL);
        pthread_join(thread, NULL);
        usleep(200000);
        printf("%d %d\\n", pid, kill(pid, 0));
        fflush(stdout);
        pause();
      }
      """, to: "parent.c")
    let sources = "\(#filePath)".split(separator: "/").dropLast(3).joined(separator: "/")
    let folderOfCSpawn = "/\(sources)/Sources/System/CSpawn"
    let compiled = try run(
      "cc -o \(folder.file("parent")) -I\(folderOfCSpawn)/include \(source) \(folderOfCSpawn)/*.c -pthread 2>&1"
    )
    #expect(compiled.exitStatus == 0, "\(compiled.output)")

    let output = open(folder.file("output"), O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    defer { close(output) }
    let plan = try #require(child_plan_create(folder.file("parent")))
    defer { child_plan_destroy(plan) }
    child_plan_descriptor(plan, output, 1)
    var parent: pid_t = 0
    #expect(child_spawn(plan, &parent) == 0)
    var text = ""
    #expect(
      await eventually {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = pread(output, &bytes, bytes.count, 0)
        text = String(decoding: bytes[..<max(count, 0)], as: UTF8.self)
        return text.hasSuffix("\n")
      })
    let numbers = text.split(whereSeparator: \.isWhitespace).compactMap { Int32($0) }
    try #require(numbers.count == 2)
    #expect(numbers[1] == 0, "the child ended with the thread")
    var status: Int32 = 0
    child_signal(parent, SIGKILL, false)
    #expect(child_wait(parent, 10_000, &status) == 0)
    #expect(await eventually { !Self.isAlive(numbers[0]) })
  }

  /// A process that ended and that nobody reaped counts as gone.
  private static func isAlive(_ pid: pid_t) -> Bool {
    guard let stream = fopen("/proc/\(pid)/stat", "re") else { return false }
    defer { fclose(stream) }
    var bytes = [UInt8](repeating: 0, count: 512)
    let count = fread(&bytes, 1, bytes.count, stream)
    let fields = String(decoding: bytes[..<count], as: UTF8.self).split(separator: ")").last ?? ""
    return !fields.hasPrefix(" Z") && count > 0
  }
}
