// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import DeviceAPI

@main
struct MapperCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mapper-check",
    abstract: "Shows what a mapper library offers, and checks that it keeps the rules of the ABI.",
    discussion: """
      Each check runs in a process of its own: a library that crashes or hangs fails
      that check and no more.

      Examples:
        mapper-check acme.so                          no device: what can be checked
        mapper-check acme.so --device pump.yaml       with the device of a manifest
        mapper-check acme.so --junit report.xml       for CI
        mapper-check acme.so --only read-3            one check, or a group: read
        mapper-check acme.so --sanitize mappers/acme  built anew with sanitizers
        mapper-check cases mappers/acme/cases acme.so runs table-driven cases
        mapper-check new --protocol acme              writes a mapper to begin with

      Exit status: 0 all well, 1 a check or case failed, 2 it could not be run.
      """,
    version: SelvedgeVersion.text,
    subcommands: [RunChecks.self, RunCases.self, NewMapperCommand.self, RunProbe.self],
    defaultSubcommand: RunChecks.self)

  /// Wrong usage ends with 2 as all that could not be run; the parser's own main would say 64.
  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
      Terminal.complain(fullMessage(for: error))
      exit(withError: ExitCode(2))
    }
  }
}
