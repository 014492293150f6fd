// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import MapperEngine

/// One device while a runner drives it, and what its twin writes through.
final class Session: DeviceDriver, Sendable {
  let id: UInt32
  let device: DeviceName
  let mapping: [SampleFrame.PointMapping]
  /// How long a write may take in all, in its lane's queue and on the device, nanoseconds.
  let writeLimit: Int64
  /// The longest deadline of one call, nanoseconds.
  let callLimit: Int64
  /// How long the driver may take to let go of the device, nanoseconds.
  let closeLimit: Int64
  private let pointNames: [String]
  private let pointOfProperty: [UInt32?]
  private let link: RunnerLink

  /// What a write may wait for calls before it on its lane.
  private static let queueLimit: Int64 = 30_000_000_000

  init(id: UInt32, device: DeviceName, plan: BindingPlan, link: RunnerLink) {
    self.id = id
    self.device = device
    self.link = link
    mapping = plan.mapping
    pointOfProperty = plan.pointOfProperty
    pointNames = plan.binding.points.map(\.name)
    let (call, open) = (plan.binding.callTimeoutMilliseconds, plan.binding.openTimeoutMilliseconds)
    writeLimit = Int64(call) * 1_000_000 + Self.queueLimit
    callLimit = Int64(max(call, open)) * 1_000_000
    closeLimit = callLimit + 1_000_000_000
  }

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
    link.write(items, pending)
  }

  func name(ofPoint point: UInt32) -> String {
    pointNames.indices.contains(Int(point)) ? pointNames[Int(point)] : "point \(point)"
  }

  /// Nil when no driver reads or writes the property.
  func point(of property: Int) -> UInt32? {
    pointOfProperty.indices.contains(property) ? pointOfProperty[property] : nil
  }
}
