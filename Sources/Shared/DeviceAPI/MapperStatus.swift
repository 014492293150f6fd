// SPDX-License-Identifier: Apache-2.0

/// A status of the mapper ABI: the low 8 bits are the class, the rest is the driver's own detail.
package struct MapperStatus: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
  package let rawValue: Int32
  package init(rawValue: Int32) { self.rawValue = rawValue }
  private init(_ rawValue: Int32) { self.rawValue = rawValue }

  package static let ok = MapperStatus(0)
  package static let cancelled = MapperStatus(1)
  package static let timeout = MapperStatus(2)
  package static let invalid = MapperStatus(3)
  package static let notFound = MapperStatus(4)
  package static let unsupported = MapperStatus(5)
  package static let unavailable = MapperStatus(6)
  package static let busy = MapperStatus(7)
  package static let denied = MapperStatus(8)
  package static let `protocol` = MapperStatus(9)
  package static let type = MapperStatus(10)
  package static let noMemory = MapperStatus(11)
  package static let `internal` = MapperStatus(12)
  package static let closed = MapperStatus(13)
  package static let notFilled = MapperStatus(14)

  /// The status without the driver's detail.
  package var `class`: MapperStatus { MapperStatus(rawValue & 0xFF) }
  package var detail: Int32 { Int32(bitPattern: UInt32(bitPattern: rawValue) >> 8) }

  /// Matches by class, so that a case names every detail of it.
  package static func ~= (pattern: MapperStatus, status: MapperStatus) -> Bool {
    pattern.class == status.class
  }

  package var isOK: Bool { self.class == .ok }

  /// Trying again would change nothing: the request itself is wrong.
  package var isFinal: Bool {
    switch self {
    case .invalid, .notFound, .unsupported, .denied, .type: true
    default: false
    }
  }

  /// The words for people and for the API.
  package var description: String {
    let name =
      switch self {
      case .ok: "ok"
      case .cancelled: "cancelled"
      case .timeout: "timeout"
      case .invalid: "invalid"
      case .notFound: "not found"
      case .unsupported: "unsupported"
      case .unavailable: "unavailable"
      case .busy: "busy"
      case .denied: "denied"
      case .protocol: "protocol error"
      case .type: "wrong type"
      case .noMemory: "out of memory"
      case .internal: "internal error"
      case .closed: "closed"
      case .notFilled: "not filled"
      default: "status \(rawValue & 0xFF)"
      }
    return detail == 0 ? name : "\(name) (\(detail))"
  }
}
