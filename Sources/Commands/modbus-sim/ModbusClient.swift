// SPDX-License-Identifier: Apache-2.0

internal import CModbus
internal import Glibc

/// A client for a few requests, on libmodbus. Each waits at most two seconds.
final class ModbusClient {
  private let context: OpaquePointer
  private let name: String

  init(host: String, port: UInt16, unit: UInt8) throws {
    name = "\(host):\(port)"
    guard let context = modbus_new_tcp(host, Int32(port)) else {
      throw Failure("\(name): expected an IPv4 address and a port")
    }
    self.context = context
    modbus_set_slave(context, Int32(unit))
    modbus_set_response_timeout(context, 2, 0)
    guard modbus_connect(context) == 0 else { throw failure("connecting") }
  }

  deinit {
    modbus_close(context)
    modbus_free(context)
  }

  func readWords(_ space: RegisterSpace, from address: Int, count: Int) throws -> [UInt16] {
    var words = [UInt16](repeating: 0, count: count)
    let read =
      space == .input
      ? modbus_read_input_registers(context, Int32(address), Int32(count), &words)
      : modbus_read_registers(context, Int32(address), Int32(count), &words)
    guard read == count else { throw failure("reading \(space.rawValue) \(address)") }
    return words
  }

  func readBits(_ space: RegisterSpace, from address: Int, count: Int) throws -> [Bool] {
    var bits = [UInt8](repeating: 0, count: count)
    let read =
      space == .discrete
      ? modbus_read_input_bits(context, Int32(address), Int32(count), &bits)
      : modbus_read_bits(context, Int32(address), Int32(count), &bits)
    guard read == count else { throw failure("reading \(space.rawValue) \(address)") }
    return bits.map { $0 != 0 }
  }

  func write(words: [UInt16], at address: Int) throws {
    let written =
      words.count == 1
      ? modbus_write_register(context, Int32(address), words[0])
      : modbus_write_registers(context, Int32(address), Int32(words.count), words)
    guard written == words.count else { throw failure("writing holding \(address)") }
  }

  func write(bits: [Bool], at address: Int) throws {
    let written =
      bits.count == 1
      ? modbus_write_bit(context, Int32(address), bits[0] ? 1 : 0)
      : modbus_write_bits(context, Int32(address), Int32(bits.count), bits.map { $0 ? 1 : 0 })
    guard written == bits.count else { throw failure("writing coil \(address)") }
  }

  private func failure(_ doing: String) -> Failure {
    let reason = errno
    return Failure("\(name): \(doing): \(String(cString: modbus_strerror(reason)))")
  }
}
