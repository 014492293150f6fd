// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// Which device `get` and `set` talk to. It may be any Modbus TCP device.
struct TargetOptions: ParsableArguments {
  @Option(help: "IPv4 address of the device.")
  var host = "127.0.0.1"

  @Option(help: "TCP port of the device.")
  var port: UInt16 = 1502

  @Option(help: "Unit identifier.")
  var unit: UInt8 = 1

  @Option(name: .customLong("as"), help: "Format of register values.")
  var format = ValueFormat.uint16

  func connect() throws -> ModbusClient { try ModbusClient(host: host, port: port, unit: unit) }
}
