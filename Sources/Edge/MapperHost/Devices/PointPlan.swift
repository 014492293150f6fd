// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import MapperEngine
internal import Synchronization

/// The points of a device as one driver gets them. Devices with equal properties share one.
final class PointPlan: Sendable {
  private let properties: [PropertyDescription]
  let points: [SessionBinding.Point]
  /// The property of each point with the type that its samples become.
  let mapping: [SampleFrame.PointMapping]
  /// The point of each property; nil: it has none.
  let pointOfProperty: [UInt32?]
  /// Settings that the driver cannot be given.
  let problems: [SettingProblem]

  fileprivate init(_ properties: [PropertyDescription], settings: LoadedDriver.Settings) {
    var builder = SettingsBuilder()
    var points: [SessionBinding.Point] = []
    var mapping: [SampleFrame.PointMapping] = []
    var pointOfProperty: [UInt32?] = []
    pointOfProperty.reserveCapacity(properties.count)
    for (index, property) in properties.enumerated() {
      guard let visitor = property.visitor else {
        pointOfProperty.append(nil)
        continue
      }
      pointOfProperty.append(UInt32(points.count))
      mapping.append(SampleFrame.PointMapping(property: index, type: property.type))
      points.append(
        SessionBinding.Point(
          name: property.name, type: property.type, isWritable: property.isWritable,
          cycleMilliseconds: UInt32(clamping: property.collectCycleMilliseconds),
          settings: builder.build(visitor, for: settings, path: "\(property.name).visitors.configData")))
    }
    self.properties = properties
    self.points = points
    self.mapping = mapping
    self.pointOfProperty = pointOfProperty
    problems = builder.problems
  }

  /// Finds the plan that devices share.
  final class Pool: Sendable {
    private let settings: LoadedDriver.Settings
    private let plans = Mutex(WeakPool<PointPlan>(limit: 32))

    /// - Parameter settings: what a point of the driver takes.
    init(settings: LoadedDriver.Settings) { self.settings = settings }

    func plan(of properties: [PropertyDescription]) -> PointPlan {
      plans.withLock { plans in
        plans.object {
          $0.properties == properties
        } orMake: {
          PointPlan(properties, settings: settings)
        }
      }
    }
  }
}
