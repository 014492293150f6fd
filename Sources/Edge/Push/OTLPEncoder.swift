// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// An `ExportMetricsServiceRequest` of OTLP 1.x: a resource for each device, a gauge for each property.
///
/// As KubeEdge's mappers do, a gauge has the property's name and the resource the attribute `device.id`, which is
/// `<namespace>/<name>`. Whole numbers and truth values are integers, as the property's type says.
enum OTLPEncoder {
  static func encode(_ items: [PushItem], node: String) -> [UInt8] {
    var order: [DeviceName] = []
    var groups: [DeviceName: [PushItem]] = [:]
    for item in items {
      if groups[item.target.device] == nil { order.append(item.target.device) }
      groups[item.target.device, default: []].append(item)
    }
    var writer = ProtobufWriter()
    for device in order {
      writer.message(1) { resourceMetrics(&$0, device, groups[device] ?? [], node) }
    }
    return writer.bytes
  }

  private static func resourceMetrics(
    _ writer: inout ProtobufWriter, _ device: DeviceName, _ items: [PushItem], _ node: String
  ) {
    writer.message(1) { resource in
      attribute(&resource, "service.name", "selvedge")
      attribute(&resource, "device.id", device.description)
      if !node.isEmpty { attribute(&resource, "host.name", node) }
    }
    writer.message(2) { scope in
      scope.message(1) { scope in
        scope.string(1, "selvedge")
        scope.string(2, SelvedgeVersion.text)
      }
      for item in items { metric(&scope, item) }
    }
  }

  private static func attribute(_ writer: inout ProtobufWriter, _ key: String, _ value: String) {
    writer.message(1) { pair in
      pair.string(1, key)
      pair.message(2) { $0.string(1, value) }
    }
  }

  private static func metric(_ writer: inout ProtobufWriter, _ item: PushItem) {
    writer.message(2) { metric in
      metric.string(1, item.target.property)
      if let unit = item.target.unit, !unit.isEmpty { metric.string(3, unit) }
      metric.message(5) { gauge in
        gauge.message(1) { point in
          point.fixed64(3, UInt64(max(item.time, 0)))
          switch item.value {
          case .int(let value): point.fixed64(6, UInt64(bitPattern: value))
          case .bool(let value): point.fixed64(6, value ? 1 : 0)
          default: point.double(4, item.value.number ?? 0)
          }
        }
      }
    }
  }
}
