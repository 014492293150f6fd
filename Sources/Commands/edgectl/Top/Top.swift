// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import DeviceAPI
internal import NIOPosix

struct Top: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Watch the node, its mappers and devices on one screen.",
    discussion: """
      REPORTS/S counts durable reports of a device, SAMPLES/S all that a mapper
      reads. CPU and memory are shown for an agent of this machine. Where the output
      is no terminal, and with --once, it prints one screen and ends.

      Keys: q quit, s next order, arrows and page keys move, space refreshes.

      Examples:
        edgectl top
        edgectl top -n plant --sort rate
        edgectl top --once -l line=1
      """)

  @Flag(help: "Print once, measured over one interval, and end.")
  var once = false

  @Option(help: ArgumentHelp("How often to look, 500ms to 60s.", valueName: "time"))
  var interval = "2s"

  @Option(help: "The order of devices: trouble first, by name, or the busiest first.")
  var sort = TopOrder.trouble

  @Option(name: [.short, .long], help: "Only devices of this namespace.")
  var namespace: String?

  @Option(
    name: [.customShort("l"), .long],
    help: ArgumentHelp("Only devices with these labels.", valueName: "labels"))
  var selector: String?

  @Option(help: ArgumentHelp("Only devices for which this holds.", valueName: "expression"))
  var `where`: String?

  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func validate() throws {
    guard let time = Duration(parsing: interval), time >= .milliseconds(500), time <= .seconds(60)
    else {
      throw ValidationError("--interval \(interval): expected a time from 500ms to 60s.")
    }
  }

  func run() async throws {
    try await connection.withClient { client in
      let first = try await snapshot(client)
      if !once, Terminal.standard.isScreen, let screen = Screen() {
        defer { screen.close() }
        try await show(first, client, on: screen)
      } else {
        try await Task.sleep(for: length)
        let rates = TopRates(from: first, to: try await snapshot(client))
        let lines = TopView(order: sort).lines(rates, size: nil, on: Terminal.standard)
        Terminal.standard.out(lines.joined(separator: "\n") + "\n")
      }
    }
  }

  private var length: Duration { Duration(parsing: interval) ?? .seconds(2) }

  private func show(_ first: TopSnapshot, _ client: AgentClient, on screen: Screen) async throws {
    let terminal = Terminal.standard
    var view = TopView(order: sort)
    var last = first
    var rates = TopRates(from: first, to: first)
    var problem = ""
    var due = ContinuousClock.now.advanced(by: .milliseconds(500))
    while true {
      let size = terminal.size
      let foot = problem.isEmpty ? view.help : terminal.paint(problem, .red)
      screen.draw(view.lines(rates, size: size, on: terminal), foot: foot, rows: size.rows)
      // Short, so that a terminal of another size is soon filled.
      let key = try await NIOThreadPool.singleton.runIfActive { Screen.key(within: 200) }
      switch key {
      case .quit: return
      case .sort: view.order = view.order.next
      case .refresh: due = .now
      case .up: view.offset -= 1
      case .down: view.offset += 1
      case .pageUp: view.offset -= size.rows / 2
      case .pageDown: view.offset += size.rows / 2
      case .home: view.offset = 0
      case nil: break
      }
      view.offset = view.offset(rates, rows: size.rows)
      guard ContinuousClock.now >= due else { continue }
      due = ContinuousClock.now.advanced(by: length)
      do throws(Failure) {
        let now = try await snapshot(client)
        rates = TopRates(from: last, to: now)
        last = now
        problem = ""
      } catch {
        // It may come back: what was known stays on the screen.
        problem = error.message
      }
    }
  }

  private func snapshot(_ client: AgentClient) async throws(Failure) -> TopSnapshot {
    var filter: [(String, String)] = []
    if let namespace { filter.append(("namespace", namespace)) }
    if let selector { filter.append(("labelSelector", selector)) }
    if let `where` { filter.append(("where", `where`)) }
    let taken = try await TopSnapshot.take(client, filter: filter)
    guard case .socket(let path) = client.place else { return taken }
    let measured = try? await NIOThreadPool.singleton.runIfActive {
      var snapshot = taken
      snapshot.measure(socket: path)
      return snapshot
    }
    return measured ?? taken
  }
}
