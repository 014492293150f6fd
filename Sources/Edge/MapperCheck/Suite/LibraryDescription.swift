// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI
internal import JSON
internal import MapperEngine

/// What a library offers, for people, as the engine sees it.
enum LibraryDescription {
  static func tell(_ options: ProbeOptions, _ say: ProbeOutput) throws(CheckEnd) {
    let report = try load(options)
    say.line("\(report.name) \(report.version), ABI 1.\(report.abiMinor)")
    for driver in report.drivers {
      say.line("  driver \(driver.id): \(driver.title)")
      settings("device settings", driver.deviceSchema, say)
      settings("point settings", driver.pointSchema, say)
      if !driver.extensions.isEmpty {
        say.line("    extensions: " + driver.extensions.joined(separator: ", "))
      }
      for method in driver.methods { say.line("    method " + signature(method)) }
      if driver.canScan { settings("scan options", driver.scanSchema, say) }
      if driver.canDescribe { say.line("    can describe a device") }
    }
  }

  static func tellDrivers(_ options: ProbeOptions, _ say: ProbeOutput) throws(CheckEnd) {
    for (index, table) in try Probe(options, say: say).library.drivers().enumerated() {
      // One whose table is too short has no name, but its checks say why.
      say.line((try? ProbeLibrary.driver(table)).map { String(cString: $0.pointee.id) } ?? "driver-\(index)")
    }
  }

  private static func load(_ options: ProbeOptions) throws(CheckEnd) -> LibraryReport {
    let engine = LocalEngine(library: options.library)
    let report: LibraryReport? = engine.record.event {
      if case .loaded(let report) = $0 { report } else { nil }
    }
    guard let report else { throw .failed(expected: "a library that the engine takes", seen: "refused") }
    return report
  }

  private static func settings(_ title: String, _ schema: String?, _ say: ProbeOutput) {
    guard let schema, let json = try? JSON.parse(schema) else {
      say.line("    \(title): none")
      return
    }
    let required = json["required"]?.array?.compactMap(\.string) ?? []
    let properties = json["properties"]?.object ?? .init()
    say.line("    \(title):" + (properties.isEmpty ? " none" : ""))
    for property in properties {
      let kinds = property.value["type"]
      var words = kinds?.string ?? kinds?.array?.compactMap(\.string).joined(separator: " or ") ?? "any"
      if let choices = property.value["enum"]?.array {
        words += " of " + choices.map { $0.string ?? $0.text }.joined(separator: ", ")
      }
      if let value = property.value["default"] { words += ", default \(value.string ?? value.text)" }
      if required.contains(property.name) { words += ", required" }
      say.line("      \(property.name): \(words)")
    }
  }

  /// "add(a: double, b: double) -> double [idempotent]: adds two numbers".
  private static func signature(_ method: MethodDescription) -> String {
    var text = method.name + "("
    text += method.arguments.map { "\($0.name): \($0.type.rawValue)" }.joined(separator: ", ") + ")"
    if method.result != .none { text += " -> \(method.result.rawValue)" }
    let flags = [
      method.isIdempotent ? "idempotent" : nil, method.changesState ? "changes the device" : nil,
      method.needsConfirmation ? "needs confirmation" : nil,
    ].compactMap(\.self)
    if !flags.isEmpty { text += " [" + flags.joined(separator: ", ") + "]" }
    return method.summary.isEmpty ? text : text + ": " + method.summary
  }
}
