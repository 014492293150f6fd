// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// A Modbus TCP device for demos, tests and benches.
@main
struct ModbusSim: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "modbus-sim",
    abstract: "A Modbus TCP device simulator.",
    discussion: """
      Without a subcommand it serves units with coils, discrete inputs, input registers and holding \
      registers until SIGTERM or SIGINT; modbus-sim serve --help lists its options. Its first line of \
      output is "listening on 127.0.0.1:PORT".

      EXAMPLES
        modbus-sim --port 1502 --units 1,2
        modbus-sim --port 0 --units 1-10 --input sine --period-ms 100
        modbus-sim get --port 1502 --unit 1 holding 0 4
        modbus-sim set --port 1502 --unit 1 holding 0 225
      """,
    subcommands: [Serve.self, GetValues.self, SetValues.self],
    defaultSubcommand: Serve.self)
}
