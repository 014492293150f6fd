// SPDX-License-Identifier: Apache-2.0
import TestSupport

/// A simulated Modbus device: a program that prints its port on its first line.
final class Simulator: Sendable {
  struct StartError: Error, CustomStringConvertible {
    let description: String
  }

  let port: UInt16
  private let folder: TemporaryFolder
  private let process: ChildProcess

  /// Our own `modbus-sim`.
  ///
  /// - Parameter arguments: as for `modbus-sim serve`, without a port.
  convenience init(_ arguments: [String] = [], port: UInt16 = 0) async throws {
    try await self.init(
      program: Programs.path("modbus-sim"), ["--port", "\(port)", "--print-port"] + arguments)
  }

  init(program: String, _ arguments: [String]) async throws {
    folder = try TemporaryFolder()
    let process = try ChildProcess(program, arguments, output: folder.file("output"))
    self.process = process
    _ = await eventually {
      Files.text(process.output).contains("\n") || process.ending != nil
    }
    let text = Files.text(process.output)
    guard let port = text.split(separator: "\n").first.flatMap({ UInt16($0) }) else {
      throw StartError(description: "\(program) did not say its port: \(text)")
    }
    self.port = port
  }

  func client(unit: UInt8 = 1) -> ModbusClient { ModbusClient(port: port, unit: unit) }
  func kill() { process.kill() }

  /// What it has printed: with `--log` a line a request.
  var log: String { Files.text(process.output) }

  /// How many requests a unit had, with `--log`.
  func requests(of unit: UInt8) -> Int {
    log.split(separator: "\n").count { $0.hasPrefix("unit \(unit) ") }
  }
}
