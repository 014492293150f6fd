// SPDX-License-Identifier: Apache-2.0
package import JSON

/// What the twin API shows of the node itself. Any thread; does not wait for the disk.
package protocol NodeStatus: AnyObject, Sendable {
  func node() -> NodeReport
}

/// The agent at one moment.
package struct NodeReport: Sendable {
  package var name: String
  package var version: String
  /// When this run of the agent began, Unix nanoseconds.
  package var startTime: Int64
  /// The modules that run, in the order of their start.
  package var modules: [String]
  /// Counters for operators, an object per module.
  package var counters: JSON.Members
  /// What keeps the node from doing its work, in words for people; empty: it is ready.
  package var notReady: [String]

  package init(
    name: String, version: String, startTime: Int64, modules: [String] = [], counters: JSON.Members = .init(),
    notReady: [String] = []
  ) {
    self.name = name
    self.version = version
    self.startTime = startTime
    self.modules = modules
    self.counters = counters
    self.notReady = notReady
  }
}
