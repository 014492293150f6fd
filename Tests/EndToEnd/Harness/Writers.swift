// SPDX-License-Identifier: Apache-2.0
import JSON
import Synchronization
import TestSupport

/// Programs that set values without a pause, and remember what the node has acknowledged.
///
/// Each has a device and an MQTT connection of its own. In turn it sets `actual` of `a` over MQTT at QoS 1 and
/// waits for the result, and the desired value of `d` over HTTP and waits for the 200. Values only grow.
final class Writers: Sendable {
  /// The greatest value that was acknowledged, and the greatest that was sent.
  struct Progress: Sendable, Equatable {
    var acknowledged: Int64 = 0
    var sent: Int64 = 0
  }

  struct Account: Sendable {
    var actual = Progress()
    var desired = Progress()
  }

  private let node: Node
  private let broker: MosquittoServer
  private let accounts: Mutex<[Account]>
  private let isOver = Mutex(false)

  init(_ count: Int, node: Node, broker: MosquittoServer) {
    self.node = node
    self.broker = broker
    accounts = Mutex(Array(repeating: Account(), count: count))
  }

  /// What declares the devices: `default/w-0` and so on.
  static func manifest(_ count: Int) -> String {
    ([Manifests.plainModel(properties: [("a", "INT"), ("d", "INT")])]
      + (0..<count).map { Manifests.plain("w-\($0)", properties: ["a", "d"]) }).joined(separator: "---\n")
  }

  var all: [Account] { accounts.withLock { $0 } }
  /// Of the writer and the side with the least, so that none of them proves nothing.
  var leastAcknowledged: Int64 {
    accounts.withLock { $0.map { min($0.actual.acknowledged, $0.desired.acknowledged) }.min() ?? 0 }
  }

  /// Writes until `cut` returns, and returns once nobody writes any more.
  func write(until cut: @Sendable () async -> Void) async throws {
    isOver.withLock { $0 = false }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in all.indices { group.addTask { try await self.run(index) } }
      await cut()
      isOver.withLock { $0 = true }
      try await group.waitForAll()
    }
  }

  private var mayGoOn: Bool { isOver.withLock { !$0 } }

  private func run(_ index: Int) async throws {
    let client = try await MQTTTestClient(port: broker.port)
    let topic = "$hw/events/device/default/w-\(index)/twin/update"
    try await client.subscribe(topic + "/result")
    while mayGoOn {
      let actual = next(index, \.actual)
      client.forgetMessages()
      // A broker that is gone takes nothing.
      let isSent: ()? = try? await client.publish(
        #"{"event_id":"\#(actual)","twin":{"a":{"actual":{"value":"\#(actual)"}}}}"#, to: topic)
      guard isSent != nil else { break }
      let isAnswered = await eventually {
        client.messages.contains { $0.text.hasPrefix(#"{"event_id":"\#(actual)","#) } || !mayGoOn
      }
      guard isAnswered, mayGoOn else { break }
      if client.messages.contains(where: { $0.text.contains(#""twin":{"a":{"actual":{"value":"\#(actual)""#) }
      ) {
        acknowledge(index, \.actual, actual)
      }
      let desired = next(index, \.desired)
      let reply = try? await node.http.send(
        "PUT", "/v1/devices/default/w-\(index)/properties/d/desired", body: "\(desired)")
      if reply?.status == 200 { acknowledge(index, \.desired, desired) }
    }
  }

  private func next(_ index: Int, _ side: any WritableKeyPath<Account, Progress> & Sendable) -> Int64 {
    accounts.withLock { accounts in
      accounts[index][keyPath: side].sent += 1
      return accounts[index][keyPath: side].sent
    }
  }

  private func acknowledge(
    _ index: Int, _ side: any WritableKeyPath<Account, Progress> & Sendable, _ value: Int64
  ) {
    accounts.withLock { $0[index][keyPath: side].acknowledged = value }
  }

  /// What the node has lost or made up, a line each.
  func complaints() async -> [String] {
    var lines: [String] = []
    for (index, account) in all.enumerated() {
      let properties = await node.twin("default/w-\(index)")["properties"]
      let found = [
        ("actual", account.actual, properties?["a"]?["reported"]?["value"]?.int ?? 0),
        ("desired", account.desired, properties?["d"]?["desired"]?["value"]?.int ?? 0),
      ]
      for (side, progress, value) in found where !(progress.acknowledged...progress.sent).contains(value) {
        lines.append(
          "w-\(index) \(side): \(value), expected \(progress.acknowledged) (acknowledged) to \(progress.sent) (sent)"
        )
      }
    }
    return lines
  }
}
