// SPDX-License-Identifier: Apache-2.0
internal import Config
internal import MapperEngine

/// A driver of a loaded library, its schemas read.
struct LoadedDriver {
  /// What settings it takes.
  enum Settings: Equatable {
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

  init(_ report: LibraryReport.Driver) {
    id = report.id
    device = Settings(report.deviceSchema, of: "device")
    point = Settings(report.pointSchema, of: "point")
  }

  /// Why it can drive nothing; nil when it can.
  var fault: String? {
    for settings in [device, point] {
      if case .broken(let reason) = settings { return reason }
    }
    return nil
  }
}
