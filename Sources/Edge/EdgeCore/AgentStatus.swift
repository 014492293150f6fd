// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import DeviceTwin
internal import EventBus
internal import History
internal import JSON
internal import Journal
internal import MetaManager
internal import Push
internal import Store
internal import Synchronization

/// What the twin API shows of the node.
final class AgentStatus: NodeStatus {
  private let name: String
  private let startTime = WallClock.system.nanoseconds
  private let twins: TwinManager
  private let bus: EventBus?
  private let calls: MethodReceiver?
  private let manifests: StandaloneManifests?
  private let history: History?
  private let journal: Journal
  private let push: Push?
  /// Nil until everything has started.
  private let running = Mutex<[String]?>(nil)

  init(
    node: String, twins: TwinManager, bus: EventBus?, calls: MethodReceiver?, manifests: StandaloneManifests?,
    history: History?, journal: Journal, push: Push?
  ) {
    name = node
    self.twins = twins
    self.bus = bus
    self.calls = calls
    self.manifests = manifests
    self.history = history
    self.journal = journal
    self.push = push
  }

  func started(_ modules: [String]) { running.withLock { $0 = modules } }

  func node() -> NodeReport {
    let modules = running.withLock { $0 }
    var counters: JSON.Members = ["deviceTwin": .object(twins.statistics.members)]
    if let bus { counters["eventBus"] = .array(bus.statistics.map { .object($0.members) }) }
    if let calls { counters["methodCalls"] = .object(calls.statistics.members) }
    if let manifests { counters["metaManager"] = ["problems": .int(Int64(manifests.problems().count))] }
    if let history { counters["history"] = .object(history.statistics.members) }
    counters["journal"] = .object(journal.statistics.members)
    if let push { counters["push"] = .array(push.statistics.map { .object($0.members) }) }
    return NodeReport(
      name: name, version: SelvedgeVersion.text, startTime: startTime, modules: modules ?? [],
      counters: counters,
      notReady: modules == nil ? ["the agent is starting"] : brokersAway + storesThatFail)
  }

  /// What is known is served, but what is asked cannot be kept.
  private var storesThatFail: [String] {
    let problems = [
      ("twins cannot be stored", twins.statistics.writer.problem),
      ("the history cannot be stored", history?.statistics.problem ?? ""),
      ("events cannot be stored", journal.statistics.problem),
    ]
    return problems.filter { !$0.1.isEmpty }.map { "\($0.0): \($0.1)" }
  }

  /// A node without its broker serves HTTP and devices, but is not all there.
  private var brokersAway: [String] {
    (bus?.statistics ?? []).filter { !$0.isConnected }.map {
      "no MQTT broker at \($0.address): \($0.problem)"
    }
  }
}
