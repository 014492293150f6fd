// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser

struct Twin: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Read, set and follow the values of devices.",
    discussion: """
      Each property has a reported value, which comes from the device, and may
      have a desired one, which somebody asked for. A desired value is pending
      until the device has it, then applied, or failed.

      Examples:
        edgectl twin get plant/pump-1
        edgectl twin get pump-1 temperature -o value
        edgectl twin set pump-1 setpoint=22 mode=auto --wait
        edgectl twin watch --property temperature
      """,
    subcommands: [TwinGet.self, TwinSet.self, TwinWatchCommand.self])
}
