// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// How one call of a driver ended.
struct CallResult {
  var status: MapperStatus
  /// What the driver gave to `fail`.
  var text: String?
  /// What it gave to `fail_item`, by place.
  var itemTexts: [UInt32: String]
  var milliseconds: Double

  /// The status with the driver's words.
  var words: String {
    let texts = ([text].compactMap(\.self) + itemTexts.sorted { $0.key < $1.key }.prefix(3).map(\.value))
    return texts.isEmpty ? "\(status)" : "\(status): " + texts.joined(separator: "; ")
  }
}
