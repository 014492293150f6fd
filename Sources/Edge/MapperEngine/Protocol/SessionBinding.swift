// SPDX-License-Identifier: Apache-2.0
package import DeviceAPI

/// All that an engine needs to drive one device.
package struct SessionBinding: Sendable, Equatable {
  /// One point; its id is its place in the list.
  package struct Point: Sendable, Equatable {
    package var name: String
    package var type: PropertyType
    package var isWritable: Bool
    /// How often it is read; 0: never by itself.
    package var cycleMilliseconds: UInt32
    package var settings: [Setting]

    package init(
      name: String, type: PropertyType, isWritable: Bool, cycleMilliseconds: UInt32, settings: [Setting]
    ) {
      self.name = name
      self.type = type
      self.isWritable = isWritable
      self.cycleMilliseconds = cycleMilliseconds
      self.settings = settings
    }
  }

  /// Chosen by the host, never used twice with one runner, not 0.
  package var session: UInt32
  package var driver: String
  /// For messages.
  package var device: String
  /// Sorted by key in byte order, each key once.
  package var settings: [Setting]
  package var points: [Point]
  /// The deadline of one read or write.
  package var callTimeoutMilliseconds: UInt32
  /// The deadline of `open`.
  package var openTimeoutMilliseconds: UInt32
  /// Wait after a failure: from the first to the longest.
  package var backoffMilliseconds: ClosedRange<UInt32>
  /// It continues another session: the first readings are due at once, and not spread.
  package var startsAtOnce: Bool

  package init(
    session: UInt32, driver: String, device: String, settings: [Setting], points: [Point],
    callTimeoutMilliseconds: UInt32 = 1000, openTimeoutMilliseconds: UInt32 = 5000,
    backoffMilliseconds: ClosedRange<UInt32> = 1000...30000, startsAtOnce: Bool = false
  ) {
    self.session = session
    self.driver = driver
    self.device = device
    self.settings = settings
    self.points = points
    self.callTimeoutMilliseconds = callTimeoutMilliseconds
    self.openTimeoutMilliseconds = openTimeoutMilliseconds
    self.backoffMilliseconds = backoffMilliseconds
    self.startsAtOnce = startsAtOnce
  }
}

extension SessionBinding {
  func encode() -> [UInt8] {
    var writer = FrameWriter(.bind, session: session)
    writer.append(driver)
    writer.append(device)
    writer.append(settings)
    writer.append(callTimeoutMilliseconds)
    writer.append(openTimeoutMilliseconds)
    writer.append(backoffMilliseconds.lowerBound)
    writer.append(backoffMilliseconds.upperBound)
    writer.append(startsAtOnce)
    writer.append(points) { writer, point in
      writer.append(point.name)
      writer.append(point.type.code)
      writer.append(point.isWritable)
      writer.append(point.cycleMilliseconds)
      writer.append(point.settings)
    }
    return writer.finish()
  }

  init(session: UInt32, reading reader: inout FrameReader) throws(Frame.Malformed) {
    self.session = session
    driver = try reader.text()
    device = try reader.text()
    settings = try reader.settings()
    callTimeoutMilliseconds = try reader.integer()
    openTimeoutMilliseconds = try reader.integer()
    let first: UInt32 = try reader.integer()
    let longest: UInt32 = try reader.integer()
    guard first <= longest else { throw Frame.Malformed("back-off") }
    backoffMilliseconds = first...longest
    startsAtOnce = try reader.bool()
    points = try reader.list(minimum: 14) { (reader) throws(Frame.Malformed) in
      let name = try reader.text()
      guard let type = PropertyType(code: try reader.integer()) else { throw Frame.Malformed("type") }
      return Point(
        name: name, type: type, isWritable: try reader.bool(), cycleMilliseconds: try reader.integer(),
        settings: try reader.settings())
    }
  }
}

extension PropertyType {
  /// The byte that stands for the type in frames.
  var code: UInt8 {
    switch self {
    case .int: 0
    case .float: 1
    case .double: 2
    case .string: 3
    case .boolean: 4
    case .bytes: 5
    case .stream: 6
    }
  }

  init?(code: UInt8) {
    guard let type = Self.allCases.first(where: { $0.code == code }) else { return nil }
    self = type
  }
}
