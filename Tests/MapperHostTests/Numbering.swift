// SPDX-License-Identifier: Apache-2.0
import Config
import DeviceAPI
import Glibc
import JSON
import TestSupport

@testable import MapperHost

/// The mapper that numbers its samples, in a host, and the file that its numbers come from.
struct Numbering {
  let bench: HostBench

  init(_ isolation: MapperReport.Isolation) async throws {
    bench = try await HostBench(runner: try FaultyMapper.runner(), isolation: isolation) {
      // It works on a file of the tests, which no mapper of a node may.
      $0.limits.all.sandbox = .off
    }
  }

  var release: String { bench.root.file("release") }

  /// Puts a version of the library in place.
  func drop(_ version: Int, _ macros: String = "PLAIN") throws {
    let built = try FaultyMapper.build("VERSION=\"\(version)\"", macros, source: "numbering")
    guard rename(built, bench.dropped + "/numbering.so") == 0 else {
      throw TestError("rename \(built): \(errno)")
    }
  }

  /// Declares a device whose numbers come from the file `counter`.
  func declare(
    _ name: String, counter: String = "counter", cycle: Int = 10, _ settings: JSON.Members = .init()
  ) throws -> RecordingTwin.Feed {
    let file = bench.root.file(counter)
    if access(file, F_OK) != 0 { try write([UInt8](repeating: 0, count: 32), to: file) }
    var settings = settings
    settings.append("file", .string(file))
    settings.append("release", .string(release))
    settings.append("callTimeoutMs", 300)
    settings.append("openTimeoutMs", 300)
    var device = bench.describe(name, protocolName: "numbering", settings: settings)
    device.properties[1].collectCycleMilliseconds = cycle
    return bench.declare(device)
  }

  /// How often a line was open in two libraries at once.
  func clashes(_ counter: String = "counter") throws -> Int32 {
    let bytes = try OpenFile(path: bench.root.file(counter)).bytes(at: 16, count: 4)
    return bytes.withUnsafeBytes { $0.loadUnaligned(as: Int32.self) }
  }

  func becomes(version: Int) async -> Bool {
    await eventually {
      bench.mapper("numbering.so").map { $0.version == "\(version)" && $0.state == .running } ?? false
    }
  }
}

extension RecordingTwin.Feed {
  var numbers: [Int64] {
    now.samples.compactMap { if case .int(let number) = $0.value { number } else { nil } }
  }

  func passes(_ number: Int64) async -> Bool {
    await eventually { (numbers.last ?? 0) > number }
  }
}
