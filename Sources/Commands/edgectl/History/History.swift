// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser

struct History: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what properties of a device were: as a plot, a table, or for programs.",
    discussion: """
      Without a property it lists what is kept. The agent keeps a bounded time
      of each property (modules.deviceTwin.history of its configuration).

      Examples:
        edgectl history pump-1                              what is kept
        edgectl history pump-1 temperature                  the last hour
        edgectl history pump-1 temperature --from -1d --step 10m -o table
        edgectl history pump-1 temperature --from 08:00 --to 09:30 -o csv
        edgectl history export plant/pump-1 --from -1w --file pump-1.csv
      """,
    subcommands: [HistoryShow.self, HistoryExport.self], defaultSubcommand: HistoryShow.self)
}
