// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import JSON

/// What method calls and scans run into, as problems.
extension Problem {
  init(_ error: MethodError, device: DeviceName, method: String) {
    switch error {
    case .deviceNotFound(let name):
      self = .deviceNotFound(name)
    case .notDriven(let name, let reason):
      self = .notDriven(name, reason: reason)
    case .methodNotFound(let name, let available):
      let others = available.isEmpty ? "It has none." : "It has \(available.joined(separator: ", "))."
      self.init(
        .notFound, "method-not-found", "no such method", detail: "\(device) has no method \(name). \(others)",
        members: [
          "device": .string(device.description), "method": .string(name),
          "available": .array(available.map { .string($0) }),
        ])
    case .invalidArguments(let problems):
      self.init(
        .badRequest, "invalid-arguments", "the arguments are not right",
        detail: problems.map(\.text).joined(separator: "\n"),
        members: ["problems": .array(problems.map(\.json))])
    case .needsConfirmation(let name):
      self.init(
        .preconditionRequired, "needs-confirmation", "the method needs a confirmation",
        detail: "\(name) can do harm. Nothing was done; confirm=true says that it is meant.",
        members: ["method": .string(name)])
    case .busy:
      self = .busy("The mapper has as many calls as it takes; nothing was done.")
    }
  }

  /// A call that reached the driver and failed there.
  init(_ outcome: MethodOutcome, of call: MethodCall) {
    var members: JSON.Members = [
      "device": .string(call.device.description), "method": .string(call.method),
      "driverStatus": .string(outcome.status.class.description),
    ]
    if outcome.status.detail != 0 { members.append("driverDetail", .int(Int64(outcome.status.detail))) }
    if !outcome.text.isEmpty { members.append("driverText", .string(outcome.text)) }
    let words =
      "\(call.method) of \(call.device): \(outcome.status)"
      + (outcome.text.isEmpty ? "" : ": " + outcome.text)
    if case .timeout = outcome.status {
      self.init(
        .gatewayTimeout, "call-timeout", "the call was not over in time",
        detail: words + ". The device may have done it all the same.", members: members)
    } else {
      self.init(.badGateway, "call-failed", "the call failed", detail: words, members: members)
    }
  }

  init(_ error: DiscoveryError) {
    switch error {
    case .driverNotFound(let driver, let available):
      let others =
        available.isEmpty ? "There are no drivers." : "There are \(available.joined(separator: ", "))."
      self.init(
        .notFound, "driver-not-found", "no such driver",
        detail: "No mapper has the driver \(driver). \(others)",
        members: ["driver": .string(driver), "available": .array(available.map { .string($0) })])
    case .notRunning(let reason):
      self.init(
        .serviceUnavailable, "mapper-not-running", "the mapper does not run now", detail: reason)
      headers[.retryAfter] = "1"
    case .cannotScan(let driver):
      self.init(
        .conflict, "cannot-scan", "the driver cannot look for devices",
        detail: "The driver \(driver) has no scan.", members: ["driver": .string(driver)])
    case .cannotDescribe(let driver):
      self.init(
        .conflict, "cannot-describe", "the driver cannot describe devices",
        detail: "The driver \(driver) cannot ask a device what it has.", members: ["driver": .string(driver)])
    case .deviceNotFound(let name):
      self = .deviceNotFound(name)
    case .invalidOptions(let problems):
      self.init(
        .badRequest, "invalid-options", "the options of the scan are not right",
        detail: problems.joined(separator: "\n"),
        members: ["problems": .array(problems.map { .string($0) })])
    case .busy:
      self = .busy("The mapper has as many scans as it takes.")
    }
  }

  /// No `Retry-After`: whether that ever changes is not known here.
  static func notDriven(_ device: DeviceName, reason: String) -> Problem {
    Problem(
      .conflict, "not-driven", "no mapper drives the device now",
      detail: "\(device): \(reason).", members: ["device": .string(device.description)])
  }
}

extension MethodError.ArgumentProblem {
  fileprivate var json: JSON {
    var members: JSON.Members = ["argument": .string(argument)]
    if !value.isEmpty { members.append("value", .string(value)) }
    members.append("expected", .string(expected))
    return .object(members)
  }
}
