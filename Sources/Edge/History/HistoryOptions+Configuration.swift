// SPDX-License-Identifier: Apache-2.0
package import Config

extension HistoryOptions {
  package init(_ configuration: HistoryConfiguration) {
    self.init(path: configuration.path)
    retention = configuration.retention.components.seconds * 1000
    maximumBytes = Int64(configuration.maxMB) << 20
    maximumPropertyBytes = Int64(configuration.maxPropertyMB) << 20
    memoryBytes = configuration.memoryMB << 20
    blockSamples = configuration.blockSamples
    let interval = configuration.flushInterval.components
    flushInterval = interval.seconds * 1_000_000_000 + interval.attoseconds / 1_000_000_000
  }
}
