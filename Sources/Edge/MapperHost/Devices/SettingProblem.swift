// SPDX-License-Identifier: Apache-2.0

/// One setting that a driver cannot be given.
struct SettingProblem: Equatable, CustomStringConvertible {
  /// `protocol.configData.port`, or `temperature.visitors.configData.offset` for a point's.
  var path: String
  /// Empty: there is none, or it is not for showing.
  var value: String
  var expected: String

  var description: String {
    (value.isEmpty ? path : "\(path): \(value)") + ": expected " + expected
  }
}
