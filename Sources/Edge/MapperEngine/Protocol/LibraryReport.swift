// SPDX-License-Identifier: Apache-2.0
package import DeviceAPI

/// What a loaded library offers.
package struct LibraryReport: Sendable, Equatable {
  /// `MethodRequest.method` is a place in its `methods`.
  package typealias Driver = MapperReport.Driver

  package var name: String
  package var version: String
  package var abiMinor: UInt32
  package var drivers: [Driver]

  package init(name: String, version: String, abiMinor: UInt32, drivers: [Driver]) {
    self.name = name
    self.version = version
    self.abiMinor = abiMinor
    self.drivers = drivers
  }
}

extension FrameWriter {
  mutating func append(_ library: LibraryReport) {
    append(library.name)
    append(library.version)
    append(library.abiMinor)
    append(library.drivers) { writer, driver in
      writer.append(driver.id)
      writer.append(driver.title)
      writer.append(driver.deviceSchema)
      writer.append(driver.pointSchema)
      writer.append(driver.extensions) { $0.append($1) }
      writer.append(driver.methods) { $0.append($1) }
      writer.append(driver.scanSchema)
      writer.append(driver.canScan)
      writer.append(driver.canDescribe)
    }
  }

  private mutating func append(_ method: MethodDescription) {
    append(method.name)
    append(method.summary)
    append(method.arguments) { writer, argument in
      writer.append(argument.name)
      writer.append(argument.type.code)
    }
    append(method.result.code)
    append(method.isIdempotent)
    append(method.changesState)
    append(method.needsConfirmation)
  }
}

extension FrameReader {
  mutating func library() throws(Frame.Malformed) -> LibraryReport {
    LibraryReport(
      name: try text(), version: try text(), abiMinor: try integer(),
      drivers: try list(minimum: 21) { (reader) throws(Frame.Malformed) in try reader.driver() })
  }

  private mutating func driver() throws(Frame.Malformed) -> LibraryReport.Driver {
    LibraryReport.Driver(
      id: try text(), title: try text(), deviceSchema: try optionalText(), pointSchema: try optionalText(),
      extensions: try list(minimum: 4) { (reader) throws(Frame.Malformed) in try reader.text() },
      methods: try list(minimum: 16) { (reader) throws(Frame.Malformed) in try reader.method() },
      scanSchema: try optionalText(), canScan: try bool(), canDescribe: try bool())
  }

  private mutating func method() throws(Frame.Malformed) -> MethodDescription {
    MethodDescription(
      name: try text(), summary: try text(),
      arguments: try list(minimum: 5, maximum: MethodRequest.maximumArguments) {
        (reader) throws(Frame.Malformed) in
        .init(name: try reader.text(), type: try reader.valueType())
      }, result: try valueType(), isIdempotent: try bool(), changesState: try bool(),
      needsConfirmation: try bool())
  }
}
