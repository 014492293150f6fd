// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Glibc
import JSON
import Synchronization
import TestSupport
import Testing

@testable import MapperHost

/// The host with the real runner and a real library, from file to twin.
@Suite(.timeLimit(.minutes(10))) struct RealRunnerTests {
  private func bench(_ isolation: MapperReport.Isolation = .process) async throws -> HostBench {
    try await HostBench(runner: try FaultyMapper.runner(), isolation: isolation)
  }

  private func describe(_ bench: HostBench, _ name: String, fault: String = "") -> DeviceDescription {
    var device = bench.describe(name, protocolName: "faulty", settings: ["fault": .string(fault)])
    device.properties[1].collectCycleMilliseconds = 20
    return device
  }

  private func drop(_ bench: HostBench, _ file: String, _ macro: String = "NOTHING") throws {
    let built = try FaultyMapper.build(macro)
    guard rename(built, bench.dropped + "/" + file) == 0 else { throw TestError("rename \(built): \(errno)") }
  }

  @Test(arguments: MapperReport.Isolation.allCases)
  func `a real library is loaded, read and written`(_ isolation: MapperReport.Isolation) async throws {
    let bench = try await bench(isolation)
    try drop(bench, "faulty.so")
    var device = describe(bench, "pump-1")
    device.properties.append(PropertyDescription(name: "bad", type: .int, visitor: .init()))
    let feed = bench.declare(device)
    #expect(await eventually { feed.link != nil && feed.now.samples.contains { $0.value == .int(0) } })
    // The point that the driver refused says so once.
    let refused = feed.now.samples.filter { $0.property == 2 }
    #expect(refused.first?.failure?.status == .notFound)
    let driver = try #require(feed.now.driver)
    let done = Mutex<[WriteOutcome]>([])
    driver.write([PropertyWrite(property: 1, value: .int(7), verify: true)]) { outcomes in
      done.withLock { $0 = outcomes }
    }
    #expect(await eventually { done.withLock { $0 } == [WriteOutcome(property: 1, status: .ok)] })
    #expect(await eventually { feed.now.samples.contains { $0.value == .int(7) } })
    let report = try #require(bench.mapper("faulty.so"))
    #expect(report.isolation == isolation && (report.processID > 0) == (isolation == .process))
    #expect(report.counters.devices == 1 && report.counters.samples > 0 && report.counters.writes == 1)
    #expect(bench.lines.all.contains("info faulty is here"))
    await bench.finish()
    #expect(feed.now.overlaps == 0)
  }

  @Test(arguments: [
    ("crash", "signal 11 (SIGSEGV) in read of default/pump-1"),
    ("abort", "signal 6 (SIGABRT) in read of default/pump-1"),
    ("exit", "exit status 7 in read of default/pump-1"),
  ])
  func `the end of a runner is explained, and it comes back`(_ fault: String, _ reason: String) async throws {
    let bench = try await bench()
    try drop(bench, "faulty.so")
    let feed = bench.declare(describe(bench, "pump-1", fault: fault))
    #expect(await eventually { feed.reason == "mapper faulty is down: \(reason)" }, "\(feed.now.links)")
    #expect(await eventually { (bench.mapper("faulty.so")?.restarts ?? 0) >= 2 })
    await bench.finish()
  }

  @Test(
    arguments: [
      "NO_ENTRY", "WRONG_MAJOR", "TOO_SHORT", "NULL_SLOT", "CRASH_IN_CONSTRUCTOR", "EXIT_IN_LOAD",
    ], MapperReport.Isolation.allCases)
  func `a library that cannot be used is refused with a reason`(
    _ macro: String, _ isolation: MapperReport.Isolation
  ) async throws {
    let bench = try await bench(isolation)
    try drop(bench, "faulty.so", macro)
    #expect(await bench.becomes("faulty.so", .refused))
    let report = try #require(bench.mapper("faulty.so"))
    let expected = [
      "NO_ENTRY": "mapper_entry", "WRONG_MAJOR": "99", "TOO_SHORT": "24", "NULL_SLOT": "read",
      "CRASH_IN_CONSTRUCTOR": "signal 11 (SIGSEGV) in load of the library",
      "EXIT_IN_LOAD": "exit status 4 in load of the library",
    ]
    #expect(report.message.contains(try #require(expected[macro])), "\(report.message)")
    let dies = macro == "CRASH_IN_CONSTRUCTOR" || macro == "EXIT_IN_LOAD"
    #expect(report.restarts == (dies ? 2 : 0))
    await bench.finish()
  }

  @Test func `a runner whose driver hangs is stopped all the same`() async throws {
    let bench = try await bench()
    try drop(bench, "faulty.so")
    let feed = bench.declare(describe(bench, "pump-1", fault: "hang"))
    let other = bench.declare(describe(bench, "pump-2"))
    #expect(await eventually { other.now.samples.count > 20 })
    #expect(!feed.now.samples.isEmpty)
    await bench.finish()
  }

  @Test func `no descriptor of the agent reaches the runner`() async throws {
    let bench = try await bench()
    let open = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(open) }
    try drop(bench, "faulty.so")
    #expect(await bench.becomes("faulty.so", .running))
    let process = try #require(bench.mapper("faulty.so")?.processID)
    let names = try Folder.names(in: "/proc/\(process)/fd").compactMap { Int($0) }.sorted()
    #expect(names.prefix(5) == [0, 1, 2, 3, 4])
    for name in names.dropFirst(5) {
      var target = [CChar](repeating: 0, count: 256)
      readlink("/proc/\(process)/fd/\(name)", &target, 255)
      let text = target.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
      #expect(!text.hasPrefix("socket:") && !text.hasPrefix("pipe:"), "\(name) is \(text)")
    }
    let environment = try OpenFile(path: "/proc/\(process)/environ").bytes(at: 0, count: 4096)
    // Three that all have, a word to the C library, and its confinement.
    #expect(environment.split(separator: 0).count == 5)
    await bench.finish()
  }
}

/// Builds the mappers of these tests in their variants.
enum FaultyMapper {
  private static let count = Mutex(0)

  /// A library of its own for each call.
  ///
  /// - Parameter macros: each `NAME` or `NAME=value`.
  static func build(_ macros: String..., source: String = "faultymapper", in folder: String? = nil) throws
    -> String
  {
    let number = count.withLock { count in
      count += 1
      return count
    }
    let here = #filePath.split(separator: "/").dropLast()
    let root = "/" + here.dropLast(2).joined(separator: "/")
    let path = try FakeRunner.folder.get().path + "/\(source)-\(number).so"
    let command = """
      cc -std=gnu11 -shared -fPIC -fvisibility=hidden -Wall -Wextra -I'\(root)/include' \
      \(macros.map { "'-D\($0)'" }.joined(separator: " ")) -o '\(path)' \
      '\(folder.map { root + $0 } ?? "/" + here.joined(separator: "/") + "/FakeRunner")/\(source).c'
      """
    guard system(command) == 0 else { throw TestError("failed: \(command)") }
    return path
  }

  /// The runner that was built beside these tests.
  static func runner() throws -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    readlink("/proc/self/exe", &buffer, 4095)
    let program = buffer.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    let path = Folder.parent(of: program) + "/mapper-runner"
    guard access(path, X_OK) == 0 else { throw TestError("\(path) is not built") }
    return path
  }
}
