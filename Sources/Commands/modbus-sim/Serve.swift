// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// The simulator itself.
struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serves simulated units (the default).",
    discussion: """
      All units behind one port have the same patterns and registers of their own. A value that a client \
      writes stays in place of the pattern. Requests beyond --size are answered with exception 2, units \
      that are not simulated with exception 11. Ends cleanly on SIGTERM and SIGINT.
      """)

  @Option(help: "IPv4 address to listen on.")
  var host = "127.0.0.1"

  @Option(help: "TCP port to listen on; 0 takes a free one.")
  var port: UInt16 = 1502

  @Option(help: ArgumentHelp("Units to simulate, as in 1,2,10-20.", valueName: "list"))
  var units = UnitList([1])

  @Option(help: ArgumentHelp("Units that never answer.", valueName: "list"))
  var deadUnit: UnitList?

  @Option(help: "Addresses of each kind that a unit has, from 0 on.")
  var size = 10_000

  @Option(help: ArgumentHelp("Input registers: \(Pattern.help)", valueName: "pattern"))
  var input = Pattern.sine

  @Option(help: ArgumentHelp("Holding registers: \(Pattern.help)", valueName: "pattern"))
  var holding = Pattern.constant(0)

  @Option(help: ArgumentHelp("Discrete inputs: constant[:0|:1] or toggle.", valueName: "pattern"))
  var discrete = BitPattern.constant(false)

  @Option(help: "Period after which patterns change.")
  var periodMs = 100

  @Option(help: "Time that each answer takes.")
  var delayMs = 0

  @Flag(help: "Write a line for each request to standard output.")
  var log = false

  @Flag(help: "Print the bare port number in place of the first line.")
  var printPort = false

  func validate() throws {
    guard (1...65_536).contains(size) else { throw ValidationError("--size \(size): expected 1 to 65536") }
    guard (1...3_600_000).contains(periodMs) else {
      throw ValidationError("--period-ms \(periodMs): expected 1 to 3600000")
    }
    guard (0...60_000).contains(delayMs) else {
      throw ValidationError("--delay-ms \(delayMs): expected 0 to 60000")
    }
  }

  func run() throws {
    let unit = SimulatedUnit(size: size, input: input, holding: holding, discrete: discrete)
    let simulated = Dictionary(units.units.map { ($0, unit) }, uniquingKeysWith: { first, _ in first })
    let responder = Responder(units: simulated, dead: Set(deadUnit?.units ?? []))
    let stop = try StopSignal.install()
    var server = try Server(
      host: host, port: port, responder: responder, period: Int64(periodMs) * 1_000_000,
      delay: Int64(delayMs) * 1_000_000, logs: log)
    Output.line(printPort ? "\(server.port)" : "listening on \(host):\(server.port)")
    try server.run(stop: stop)
  }
}
