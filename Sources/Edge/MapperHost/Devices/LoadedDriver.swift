// SPDX-License-Identifier: Apache-2.0
internal import Config
internal import DeviceAPI
internal import MapperEngine

/// A driver of a loaded library, its schemas read.
struct LoadedDriver: Sendable {
  /// What settings it takes.
  enum Settings: Equatable, Sendable {
    case none
    case checked(JSONSchema)
    /// Its own schema is wrong: nothing can be bound.
    case broken(String)

    init(_ text: String?, of kind: String) {
      guard let text else {
        self = .none
        return
      }
      do throws(JSONSchemaError) {
        self = .checked(try JSONSchema(parsing: text))
      } catch {
        self = .broken("the driver's \(kind) schema is wrong: \(error)")
      }
    }
  }

  let id: String
  let device: Settings
  let point: Settings
  /// What its devices share.
  let plans: PointPlan.Pool
  /// The options of a scan.
  let scan: Settings
  let canScan: Bool
  let canDescribe: Bool
  /// In the driver's order.
  let methods: [MethodDescription]

  init(_ report: LibraryReport.Driver) {
    id = report.id
    device = Settings(report.deviceSchema, of: "device")
    point = Settings(report.pointSchema, of: "point")
    plans = PointPlan.Pool(settings: point)
    scan = Settings(report.scanSchema, of: "scan")
    canScan = report.canScan
    canDescribe = report.canDescribe
    methods = report.methods
  }

  /// Why it can drive nothing; nil when it can. A wrong scan schema is told to who scans.
  var fault: String? {
    for settings in [device, point] {
      if case .broken(let reason) = settings { return reason }
    }
    return nil
  }
}
