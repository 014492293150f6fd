// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Glibc
import JSON
import Logging
import Synchronization
import TestSupport
import Testing

@testable import MapperHost

/// A mapper host with folders of its own, twins that record, and the fake runner.
final class HostBench: Sendable {
  let root: TemporaryFolder
  let dropped: String
  let packaged: String
  let twin = RecordingTwin()
  let lines = LineCollector()
  let host: MapperHost

  init(
    runner: String? = nil, firstLook: [(file: String, script: String)] = [],
    isolation: MapperReport.Isolation = .process, _ adjust: (inout MapperHostOptions) -> Void = { _ in }
  ) async throws {
    root = try TemporaryFolder()
    dropped = try root.makeFolder("dropped")
    packaged = try root.makeFolder("packaged")
    for (file, script) in firstLook { try write(FakeLibrary.bytes(script), to: dropped + "/" + file) }
    var options = MapperHostOptions(
      folders: [dropped, packaged], snapshots: root.path + "/snapshots",
      runner: try runner ?? FakeRunner.path.get())
    options.isolation = isolation
    options.supervision.firstBackoff = 20_000_000
    options.readerLimits.load = 30_000_000_000
    options.readerLimits.stop = 700_000_000
    adjust(&options)
    let lines = lines
    let log = Logger(label: "test") { _ in CollectingHandler(lines: lines) }
    host = try MapperHost(options: options, directory: twin, log: log)
    try await Self.start(host)
  }

  /// A user may have 128 watchers of files (inotify): with many tests at once, some wait for their turn.
  private static func start(_ host: MapperHost) async throws {
    var failure: (any Error)?
    _ = await eventually {
      do {
        try await host.start()
        failure = nil
      } catch  where "\(error)".contains("Too many open files") {
        failure = error
        return false
      } catch {
        failure = error
      }
      return true
    }
    if let failure { throw failure }
  }

  /// Stops the host and checks that it left no process.
  func finish() async {
    let processes = host.mappers().map(\.processID).filter { $0 > 0 }
    await host.stop()
    for process in processes { #expect(kill(process, 0) != 0, "process \(process) still runs") }
    #expect(host.mappers().allSatisfy { $0.processID == 0 })
  }

  func drop(_ file: String, _ script: String) throws {
    try moveInto(dropped + "/" + file, FakeLibrary.bytes(script))
  }

  static func name(_ text: String) -> DeviceName {
    guard let name = DeviceName(namespace: "default", name: text) else { preconditionFailure("test name") }
    return name
  }

  /// A device with a free property `note`, and a point `level` of type INT.
  func describe(_ name: String, protocolName: String = "fake", settings: JSON.Members = .init())
    -> DeviceDescription
  {
    DeviceDescription(
      name: Self.name(name), model: "m", protocolName: protocolName, settings: settings,
      properties: [
        PropertyDescription(name: "note", type: .string),
        PropertyDescription(name: "level", type: .int, isWritable: true, visitor: [:]),
      ])
  }

  /// Declares a device to twin and host.
  @discardableResult
  func declare(_ device: DeviceDescription) -> RecordingTwin.Feed {
    let feed = twin.add(device.name)
    host.deviceChanged(device)
    return feed
  }

  func mapper(_ file: String) -> MapperReport? { host.mappers().first { $0.file.hasSuffix("/" + file) } }

  func becomes(_ file: String, _ state: MapperReport.State) async -> Bool {
    await eventually { mapper(file)?.state == state }
  }
}

/// The fake runner, compiled once.
enum FakeRunner {
  /// Removed when the tests end: nobody owns what is static.
  static let folder = Result {
    atexit(removeFakeRunner)
    return try TemporaryFolder()
  }

  static let path: Result<String, any Error> = Result {
    let here = #filePath.split(separator: "/").dropLast()
    let root = "/" + here.dropLast(2).joined(separator: "/")
    let sources = "/" + here.joined(separator: "/") + "/FakeRunner/fakerunner.c"
    let shims = root + "/Sources/System/CShims"
    let program = try folder.get().path + "/fakerunner"
    let command = """
      cc -std=c11 -O1 -Wall -Wextra -D_Nonnull= -D_Nullable= -I'\(shims)/include' -o '\(program)' \
      '\(sources)' '\(shims)/sv_board.c'
      """
    guard system(command) == 0 else { throw TestError("failed: \(command)") }
    return program
  }
}

final class LineCollector: Sendable {
  private let lines = Mutex<[String]>([])
  func add(_ line: String) { lines.withLock { $0.append(line) } }
  var all: [String] { lines.withLock { $0 } }
}

struct CollectingHandler: LogHandler {
  let lines: LineCollector
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.debug

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) { lines.add("\(event.level) \(event.message)") }
}

private nonisolated func removeFakeRunner() {
  if let path = try? FakeRunner.folder.get().path { _ = system("rm -rf '\(path)'") }
}
