// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Glibc

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

      Exit status: 0 all well, 1 it failed, 2 wrong usage.
      """,
    subcommands: [Serve.self, GetValues.self, SetValues.self],
    defaultSubcommand: Serve.self)

  /// Wrong usage ends with 2, as in all our programs; the parser's own main would say 64.
  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
      let text = Array((fullMessage(for: error) + "\n").utf8)
      _ = write(STDERR_FILENO, text, text.count)
      exit(withError: ExitCode(2))
    }
  }
}
