// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// `modules.edged`: pods on this node, and the node's name.
package struct EdgedConfiguration: Sendable, Equatable {
  package var enable = true
  /// The name of the node, everywhere. Default: the host name in lower case.
  package var hostnameOverride: String

  package init(hostName: String) { hostnameOverride = hostName.lowercased() }
}

extension EdgedConfiguration: ConfigurationSection {
  mutating func read(_ section: SectionReader) {
    section.read("enable", into: &enable)
    if let name = section.keys.string("hostnameOverride"), !name.isEmpty {
      hostnameOverride = name
      if !DeviceName.isSubdomain(name) {
        section.keys.report("hostnameOverride", value: YAMLNode.shortened(name), expected: Self.nameExpected)
      }
    }
    section.skip(Self.notServed, isOn: enable)
  }

  static let nameExpected = "a node name: lower-case letters, digits, '-' and '.', at most 253"

  var members: JSON.Members { ["enable": .bool(enable), "hostnameOverride": .string(hostnameOverride)] }

  private static let notServed = [
    "reportEvent", "nodeIP", "customInterfaceName", "registerNodeNamespace", "nodeLabels",
    "registerSchedulable",
    "podSandboxImage", "rootDirectory", "maxContainerCount", "maxPerPodContainerCount", "minimumGCAge",
    "runtimeCgroups", "experimentalMounterPath", "experimentalNodeAllocatableIgnoreEvictionThreshold",
    "seccompDefault", "windowsService", "windowsPriorityClass", "tailoredKubeletConfig",
  ]
}
