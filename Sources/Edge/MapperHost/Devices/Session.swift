// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import MapperEngine
internal import Synchronization

/// One device while a runner drives it, and what its twin writes through.
final class Session: DeviceDriver, Sendable {
  let id: UInt32
  let device: DeviceName
  /// How long a write may take in all, in its lane's queue and on the device, nanoseconds.
  let writeLimit: Int64
  /// The longest deadline of one call, nanoseconds.
  let callLimit: Int64
  /// How long the driver may take to let go of the device, nanoseconds.
  let closeLimit: Int64
  private let points: PointPlan
  let link: any EngineLink
  private let ending = Atomic(false)

  /// What a write may wait for calls before it on its lane.
  private static let queueLimit: Int64 = 30_000_000_000

  init(id: UInt32, device: DeviceName, plan: BindingPlan, link: any EngineLink) {
    self.id = id
    self.device = device
    self.link = link
    points = plan.points
    let (call, open) = (plan.binding.callTimeoutMilliseconds, plan.binding.openTimeoutMilliseconds)
    writeLimit = Int64(call) * 1_000_000 + Self.queueLimit
    callLimit = Int64(max(call, open)) * 1_000_000
    closeLimit = callLimit + 1_000_000_000
  }

  /// It was asked to end: what comes for the device now is for whoever drives it next.
  var isEnding: Bool { ending.load(ordering: .acquiring) }
  func willEnd() { ending.store(true, ordering: .releasing) }

  func write(_ values: [PropertyWrite], completion: @escaping @Sendable ([WriteOutcome]) -> Void) {
    var items: [WriteRequest.Item] = []
    items.reserveCapacity(values.count)
    for value in values {
      guard let point = point(of: value.property) else { continue }
      items.append(WriteRequest.Item(point: point, verify: value.verify, value: value.value))
    }
    let pending = PendingWrite(session: self, values: values, completion: completion)
    guard !items.isEmpty else {
      pending.finish([])
      return
    }
    guard !isEnding else {
      pending.finish(.unavailable, "the device is being bound anew")
      return
    }
    link.write(items, pending)
  }

  var mapping: [SampleFrame.PointMapping] { points.mapping }

  func name(ofPoint point: UInt32) -> String {
    points.points.indices.contains(Int(point)) ? points.points[Int(point)].name : "point \(point)"
  }

  /// Nil when no driver reads or writes the property.
  func point(of property: Int) -> UInt32? {
    points.pointOfProperty.indices.contains(property) ? points.pointOfProperty[property] : nil
  }
}
