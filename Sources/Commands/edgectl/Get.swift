// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser

struct Get: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show devices, mappers or the node.",
    discussion: """
      Examples:
        edgectl get devices -A -l line=1      the devices of a line
        edgectl get devices -o json           with all values, for programs
        edgectl get mappers                   the mapper libraries
        edgectl get node                      the agent itself
      """,
    subcommands: [GetDevices.self, GetMappers.self, GetNode.self])
}
