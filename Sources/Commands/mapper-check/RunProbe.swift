// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import MapperCheck

/// One check in this process. The suite starts it for each check; a debugger may, too.
struct RunProbe: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "probe", abstract: "Runs one check in this process.", shouldDisplay: false)

  @Argument(help: "The check's id.") var job: String
  @Argument(help: "The library.") var library: String
  @Option(help: "Index of the driver in the library.") var driverIndex = 0
  @Option(help: "A manifest with a Device for the driver.") var device: String?
  @Option(help: "Open and close so often.") var cycles = 10_000
  @Option(help: "Seconds that the cycles may take.") var cycleSeconds = 5
  @Option(help: "The mapper-runner program.") var runner: String?
  @Flag(help: "Call every method.") var allMethods = false

  func run() throws {
    ProbeJob.run(
      job,
      ProbeOptions(
        library: library, driver: driverIndex, deviceFile: device, cycles: cycles, cycleSeconds: cycleSeconds,
        allMethods: allMethods, runner: runner))
  }
}
