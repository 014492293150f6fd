// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import DeviceAPI

struct Edgectl: AsyncParsableCommand {
  /// The version of this program.
  static let version = SelvedgeVersion.text

  static let configuration = CommandConfiguration(
    commandName: "edgectl",
    abstract:
      "Look at the devices of an edge node, set, call and find them, and keep their manifests.",
    discussion: """
      Speaks with edgecore over its unix socket, or with --server over its port,
      which takes changes with a token only.

      Examples:
        edgectl get devices -A                       all devices
        edgectl twin get pump-1                      the values of one
        edgectl twin set pump-1 setpoint=22 --wait   set one, see it applied
        edgectl twin watch plant/pump-1              follow every change
        edgectl call pump-1 reset                    make one do something
        edgectl discover modbus ip=10.0.0.7          look for devices
        edgectl apply -f devices/                    take manifests
        edgectl history pump-1 temperature           plot the last hour
        edgectl events --follow                      who does what, what fails
        edgectl doctor                               what is wrong, and what to do

      A device is NAMESPACE/NAME; NAME alone is in the namespace of -n, or in
      default.

      Exit status: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 the agent
      cannot be reached, 5 conflict (somebody else was first), 6 time is over.
      """,
    version: version,
    subcommands: [
      Get.self, Describe.self, Twin.self, CallCommand.self, Discover.self, Apply.self, Delete.self,
      History.self,
      Events.self, Top.self, Token.self, Whoami.self, Doctor.self, SupportBundle.self,
      Completion.self,
      Version.self,
    ])
}
