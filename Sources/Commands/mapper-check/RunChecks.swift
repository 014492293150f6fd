// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Glibc
internal import MapperCheck

struct RunChecks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Checks a library. This is what happens without a subcommand.")

  @Argument(help: "The library.", completion: .file(extensions: ["so"])) var library: String
  @Option(
    help: ArgumentHelp(
      "A manifest with a Device for the driver. Without one, settings are made up from the schemas.",
      valueName: "file"))
  var device: String?
  @Option(help: ArgumentHelp("Check this driver only.", valueName: "id")) var driver: String?
  @Option(help: ArgumentHelp("Run this check or group only; may be given several times.", valueName: "check"))
  var only: [String] = []
  @Option(help: ArgumentHelp("Write the results to this file as JUnit XML, too.", valueName: "file"))
  var junit: String?
  @Option(help: ArgumentHelp("Seconds that one check may take.", valueName: "seconds")) var limit = 10
  @Option(help: ArgumentHelp("How often to open and close.", valueName: "number")) var cycles = 10_000
  @Option(
    name: .customLong("time"),
    help: ArgumentHelp("Seconds that opening and closing may take.", valueName: "seconds"))
  var cycleSeconds = 5
  @Option(
    help: ArgumentHelp(
      "Build the mapper in this folder with address and undefined behaviour sanitizers, and check that.",
      valueName: "dir"))
  var sanitize: String?
  @Flag(help: "The library was built by gcc with -fsanitize=address,undefined.") var sanitized = false
  @Option(
    help: ArgumentHelp(
      "The mapper-runner program; by default the one beside mapper-check.", valueName: "file"))
  var runner: String?
  @Flag(help: "Call methods that change the device or ask for confirmation, too.") var allMethods = false
  @Flag(help: "Run the one check of --only in this process, for a debugger.") var inProcess = false
  @Flag(help: "Show failed checks only.") var quiet = false
  @Flag(help: "Show what the library offers, and check nothing.") var describe = false

  func validate() throws {
    guard limit > 0, cycles > 0, cycleSeconds > 0 else {
      throw ValidationError("--limit, --cycles and --time: expected numbers above 0")
    }
    guard !inProcess || only.count == 1 else {
      throw ValidationError("--in-process runs one check: give it with --only")
    }
  }

  func run() throws {
    var file = library
    var environment: [String] = []
    do throws(SanitizedBuild.Failure) {
      if let sanitize { file = try SanitizedBuild.make(folder: sanitize, library: library) }
      if sanitized || sanitize != nil { environment = try SanitizedBuild.environment() }
    } catch {
      try Terminal.refuse(error.description)
    }
    guard let path = Terminal.absolute(file) else {
      try Terminal.refuse("\(file): \(Terminal.reason(errno))")
    }
    if let device, access(device, R_OK) != 0 { try Terminal.refuse("\(device): \(Terminal.reason(errno))") }
    let program = "/proc/self/exe"
    let own = Terminal.absolute(program) ?? program
    let probe = ProbeOptions(
      library: path, deviceFile: device, cycles: cycles, cycleSeconds: cycleSeconds, allMethods: allMethods,
      runner: runner ?? Terminal.beside(own, "mapper-runner"))
    if inProcess { ProbeJob.run(only[0], probe) }

    var options = CheckOptions(probe: probe, program: own)
    options.only = only
    options.driver = driver
    options.limitMilliseconds = limit * 1000
    options.environment = environment
    let suite = CheckSuite(options)
    if describe {
      guard let lines = suite.describe() else {
        try Terminal.refuse("\(library): cannot be loaded; run the checks")
      }
      for line in lines { Terminal.say(line) }
      return
    }
    if let driver, let drivers = suite.drivers(), !drivers.contains(driver) {
      try Terminal.refuse("\(library): no driver \(driver): it has \(drivers.joined(separator: ", "))")
    }
    try report(suite, path)
  }

  private func report(_ suite: CheckSuite, _ path: String) throws {
    if !quiet, only.isEmpty, let description = suite.describe() {
      for line in description { Terminal.say(line) }
      Terminal.say("")
    }
    let results = suite.run { result in
      for line in TextReport.lines(of: result, isQuiet: quiet) { Terminal.say(line) }
    }
    guard !results.isEmpty else { try Terminal.refuse("no such check: \(only.joined(separator: ", "))") }
    Terminal.say(TextReport.summary(results, library: path))
    if let junit {
      let xml = JUnitReport.xml(results, library: path)
      guard Terminal.write(xml, to: junit) else { try Terminal.refuse("\(junit): \(Terminal.reason(errno))") }
    }
    if results.contains(where: \.isFailed) { throw ExitCode(1) }
  }
}
