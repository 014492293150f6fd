// SPDX-License-Identifier: Apache-2.0

/// The type of a property, as a DeviceModel declares it.
package enum PropertyType: String, Sendable, CaseIterable {
  case int = "INT"
  case float = "FLOAT"
  case double = "DOUBLE"
  case string = "STRING"
  case boolean = "BOOLEAN"
  case bytes = "BYTES"
  case stream = "STREAM"

  /// What KubeEdge's twin messages call it in `metadata.type`.
  package var twinName: String {
    switch self {
    case .int: "int"
    case .float: "float"
    case .double: "double"
    case .string: "string"
    case .boolean: "boolean"
    case .bytes: "bytes"
    case .stream: "stream"
    }
  }
}
