// SPDX-License-Identifier: Apache-2.0

extension ConfigurationKeys {
  static let history = [
    KeyDescription("modules.deviceTwin.history.enable", .boolean, "Whether the values that were are kept."),
    KeyDescription(
      "modules.deviceTwin.history.path", .path,
      "The SQLite file, apart from that of the twins; its folder is created."),
    KeyDescription(
      "modules.deviceTwin.history.retention", .duration,
      "How long a value is kept, as far as the sizes allow."),
    KeyDescription(
      "modules.deviceTwin.history.maxMB", .integer(1...1_048_576),
      "What the file may hold; beyond, the oldest blocks of all properties go."),
    KeyDescription(
      "modules.deviceTwin.history.maxPropertyMB", .integer(1...1_048_576),
      "What one property may hold of it; beyond, its own oldest blocks go."),
    KeyDescription(
      "modules.deviceTwin.history.memoryMB", .integer(1...4096),
      "What may wait in memory for the disk; beyond, the oldest samples are dropped and counted."),
    KeyDescription(
      "modules.deviceTwin.history.blockSamples", .integer(128...4096),
      "Samples of a block at most; most are full before that, with half a page of bytes."),
    KeyDescription(
      "modules.deviceTwin.history.flushInterval", .duration,
      "How often samples of blocks that are not full are saved: what a crash may cost."),
  ]
}
