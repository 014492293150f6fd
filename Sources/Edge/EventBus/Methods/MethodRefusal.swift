// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// Why a call has no result: the code is the status that the twin API gives for the same thing.
struct MethodRefusal: Error {
  let code: Int
  let reason: String

  init(_ code: Int, _ reason: String) {
    self.code = code
    self.reason = reason
  }

  init(_ error: MethodError, device: DeviceName) {
    switch error {
    case .deviceNotFound(let name):
      self.init(404, "device \(name) not found")
    case .notDriven(let name, let reason):
      self.init(409, "\(name): \(reason)")
    case .methodNotFound(let method, let available):
      let others = available.isEmpty ? "it has none" : "it has " + available.joined(separator: ", ")
      self.init(404, "\(device) has no method \(method): \(others)")
    case .invalidArguments(let problems):
      self.init(400, problems.map(\.text).joined(separator: "\n"))
    case .needsConfirmation(let method):
      self.init(428, "\(method) can do harm, nothing was done: \"confirm\":true says that it is meant")
    case .busy:
      self.init(429, "the mapper has as many calls as it takes, nothing was done: try again")
    }
  }

  /// A call that reached the driver and failed there.
  init(_ outcome: MethodOutcome) {
    let words = "\(outcome.status)" + (outcome.text.isEmpty ? "" : ": " + outcome.text)
    if case .timeout = outcome.status { self.init(504, words) } else { self.init(502, words) }
  }
}
