// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Glibc
internal import MapperCheck

struct RunCases: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cases",
    abstract: "Runs table-driven cases against a library.",
    discussion: """
      A case is a folder: device.yaml has a DeviceModel and a Device, expected.txt
      says what happens, and exchange.txt, if it is there, what the device on the
      other end of a wire hears and says.

      expected.txt:
        broker                          first: starts a mosquitto; {port} in
                                        device.yaml is its port
        value PROPERTY TYPE VALUE       a read gives this
        failed PROPERTY TEXT            a read fails with this text
        await PROPERTY TYPE VALUE       reads come to give this
        await-failed PROPERTY TEXT      reads come to fail with this text
        read                            reads all properties at once
        got PROPERTY TYPE VALUE         that read gave this
        got-failed PROPERTY TEXT        that read failed with this text
        set PROPERTY VALUE              sets it
        set-failed PROPERTY VALUE TEXT  setting it fails with this text
        refused PROPERTY TEXT           the property's settings were refused
        device-refused TEXT             the device's settings were refused
        publish TOPIC PAYLOAD           the device publishes
        published TOPIC PAYLOAD         the mapper's next message

      exchange.txt, on a TCP connection to {port} of 127.0.0.1:
        serial                          first: on a serial line, {tty}
        < 01 02 .. "text"               the mapper sends these bytes; .. is any
        > 01 02 "text"                  the device sends these
        close                           the device closes the connection
      """)

  @Argument(help: "A folder of cases, or one case.", completion: .directory) var folder: String
  @Argument(help: "The library.", completion: .file(extensions: ["so"])) var library: String
  @Option(help: ArgumentHelp("Write the results to this file as JUnit XML, too.", valueName: "file"))
  var junit: String?
  @Option(help: ArgumentHelp("Run this case only; may be given several times.", valueName: "case"))
  var only: [String] = []
  @Option(help: ArgumentHelp("Seconds that one case may take.", valueName: "seconds")) var limit = 30
  @Flag(help: "The library was built by gcc with -fsanitize=address,undefined.") var sanitized = false
  @Flag(help: "Show failed cases only.") var quiet = false

  func run() throws {
    guard let path = Terminal.absolute(library) else {
      try Terminal.refuse("\(library): \(Terminal.reason(errno))")
    }
    var options = CheckOptions(
      probe: ProbeOptions(library: path), program: Terminal.absolute("/proc/self/exe") ?? "/proc/self/exe")
    options.only = only
    options.limitMilliseconds = max(1, limit) * 1000
    do throws(SanitizedBuild.Failure) {
      if sanitized { options.environment = try SanitizedBuild.environment() }
    } catch {
      try Terminal.refuse(error.description)
    }
    let results = CaseSuite(options, folder: folder).run { result in
      for line in TextReport.lines(of: result, isQuiet: quiet) { Terminal.say(line) }
    }
    guard !results.isEmpty else {
      let missing =
        only.isEmpty ? "folder with an expected.txt in it" : "case \(only.joined(separator: ", "))"
      try Terminal.refuse("\(folder): no \(missing)")
    }
    Terminal.say(TextReport.summary(results, library: folder))
    if let junit {
      guard Terminal.write(JUnitReport.xml(results, library: path), to: junit) else {
        try Terminal.refuse("\(junit): \(Terminal.reason(errno))")
      }
    }
    if results.contains(where: \.isFailed) { throw ExitCode(1) }
  }
}
