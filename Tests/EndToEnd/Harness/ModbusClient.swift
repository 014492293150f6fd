// SPDX-License-Identifier: Apache-2.0

import TestSupport
/// A Modbus TCP client that shares no code with ours: bytes as the specification has them.
struct ModbusClient: Sendable {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  let port: UInt16
  var unit: UInt8 = 1

  /// Function code 3.
  func holding(_ address: UInt16, count: UInt16 = 1) async throws -> [UInt16] {
    let body = try await ask([3] + Self.bytes(address) + Self.bytes(count))
    return stride(from: 2, to: body.count - 1, by: 2).map { UInt16(body[$0]) << 8 | UInt16(body[$0 + 1]) }
  }

  /// Function code 1.
  func coils(_ address: UInt16, count: UInt16) async throws -> [Bool] {
    let body = try await ask([1] + Self.bytes(address) + Self.bytes(count))
    return (0..<Int(count)).map { body[2 + $0 / 8] >> UInt8($0 % 8) & 1 == 1 }
  }

  /// Function code 6.
  func write(_ value: UInt16, at address: UInt16) async throws {
    _ = try await ask([6] + Self.bytes(address) + Self.bytes(value))
  }

  private func ask(_ request: [UInt8]) async throws -> [UInt8] {
    let (port, unit) = (port, unit)
    return try await offload {
      let line = try Socket(port: port, limit: 5)
      // MBAP: transaction, protocol 0, bytes that follow, unit.
      try line.send([0, 7, 0, 0] + Self.bytes(UInt16(request.count + 1)) + [unit] + request)
      let head = try line.receive(exactly: 7)
      let body = try line.receive(exactly: Int(head[4]) << 8 + Int(head[5]) - 1)
      guard body[0] == request[0] else {
        throw Failure(description: "function \(request[0]): exception \(body[1])")
      }
      return body
    }
  }

  private static func bytes(_ word: UInt16) -> [UInt8] { [UInt8(word >> 8), UInt8(word & 0xFF)] }
}
