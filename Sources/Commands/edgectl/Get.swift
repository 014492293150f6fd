// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser

struct Get: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show devices, their methods, mappers or the node.",
    discussion: """
      Examples:
        edgectl get devices -A -l line=1      the devices of a line
        edgectl get devices -o json           with all values, for programs
        edgectl get methods plant/pump-1      what a device can do
        edgectl get mappers                   the mapper libraries
        edgectl get node                      the agent itself
      """,
    subcommands: [GetDevices.self, GetMethods.self, GetMappers.self, GetNode.self])
}
