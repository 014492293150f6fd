// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import DeviceTwin
internal import EventBus
internal import JSON
internal import MetaManager
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
  /// Nil until everything has started.
  private let running = Mutex<[String]?>(nil)

  init(
    node: String, twins: TwinManager, bus: EventBus?, calls: MethodReceiver?, manifests: StandaloneManifests?
  ) {
    name = node
    self.twins = twins
    self.bus = bus
    self.calls = calls
    self.manifests = manifests
  }

  func started(_ modules: [String]) { running.withLock { $0 = modules } }

  func node() -> NodeReport {
    let modules = running.withLock { $0 }
    var counters: JSON.Members = ["deviceTwin": .object(twins.statistics.members)]
    if let bus { counters["eventBus"] = .array(bus.statistics.map { .object($0.members) }) }
    if let calls { counters["methodCalls"] = .object(calls.statistics.members) }
    if let manifests { counters["metaManager"] = ["problems": .int(Int64(manifests.problems().count))] }
    return NodeReport(
      name: name, version: SelvedgeVersion.text, startTime: startTime, modules: modules ?? [],
      counters: counters,
      notReady: modules == nil ? ["the agent is starting"] : brokersAway)
  }

  /// A node without its broker serves HTTP and devices, but is not all there.
  private var brokersAway: [String] {
    (bus?.statistics ?? []).filter { !$0.isConnected }.map {
      "no MQTT broker at \($0.address): \($0.problem)"
    }
  }
}

extension TwinStatistics {
  fileprivate var members: JSON.Members {
    [
      "devices": .int(Int64(devices)), "requests": count(requests), "refused": count(refused),
      "ignored": count(ignored), "samples": count(samples), "strayedSamples": count(strayedSamples),
      "reports": count(reports), "reportedProperties": count(reportedProperties),
      "postponedReports": count(postponedReports), "telemetryBatches": count(telemetryBatches),
      "droppedTelemetry": count(droppedTelemetry), "droppedMessages": count(droppedMessages),
      "desiredAccepted": count(desiredAccepted), "writesStarted": count(writesStarted),
      "writesApplied": count(writesApplied), "writesFailed": count(writesFailed),
      "writesRetried": count(writesRetried), "watchers": .int(Int64(watchers)),
      "store": [
        "operations": count(writer.operations), "commits": count(writer.commits),
        "failures": count(writer.failures), "dropped": count(writer.dropped),
        "largestGroup": .int(Int64(writer.largestGroup)), "queueDepth": .int(Int64(writer.queueDepth)),
        "checkpoints": count(writer.checkpoints),
      ],
    ]
  }
}

extension BrokerStatistics {
  fileprivate var members: JSON.Members {
    [
      "address": .string("\(address)"), "connected": .bool(isConnected), "problem": .string(problem),
      "reconnects": count(reconnects), "received": count(received), "ignored": count(ignored),
      "publishedTwin": count(publishedTwin), "publishedTelemetry": count(publishedTelemetry),
      "droppedTwin": count(droppedTwin.total), "droppedTelemetry": count(droppedTelemetry.total),
      "messagesUnderWay": .int(Int64(messagesUnderWay)), "bytesUnderWay": .int(Int64(bytesUnderWay)),
    ]
  }
}

extension MethodCallStatistics {
  fileprivate var members: JSON.Members {
    [
      "requests": count(requests), "refused": count(refused), "dropped": count(dropped),
      "underWay": .int(Int64(underWay)),
    ]
  }
}

private func count(_ value: UInt64) -> JSON { .int(Int64(clamping: value)) }
