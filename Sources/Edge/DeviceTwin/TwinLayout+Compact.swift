// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// The compact form of telemetry.
extension TwinLayout {
  func encodeCompact(_ samples: [Sample], into bytes: inout [UInt8]) {
    bytes.append(contentsOf: ",\"properties\":[".utf8)
    var hasSourceTimes = false
    var hasTrouble = false
    samples.withUnsafeBufferPointer { samples in
      appendNames(samples, to: &bytes)
      bytes.append(contentsOf: "],\"values\":[".utf8)
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.chunkSize) { memory in
        guard var chunk = ByteCursor(memory) else { return }
        for index in samples.indices {
          let property = samples[index].property
          guard property >= 0, property < types.count else { continue }
          if samples[index].sourceNanoseconds != 0 { hasSourceTimes = true }
          if samples[index].quality != .good { hasTrouble = true }
          if chunk.room < JSONWriter.longestNumber + 1 { chunk.flush(to: &bytes) }
          if let value = fitted(samples[index].value, type: types[property]) {
            Self.append(plain: value, to: &chunk, behind: &bytes)
          } else {
            chunk.append("null")
            hasTrouble = true
          }
          chunk.append(UInt8(ascii: ","))
        }
        chunk.flush(to: &bytes)
      }
    }
    endList(&bytes)
    bytes.append(UInt8(ascii: "]"))
    if hasSourceTimes { appendSourceTimes(samples, to: &bytes) }
    if hasTrouble { appendTrouble(samples, to: &bytes) }
    bytes.append(UInt8(ascii: "}"))
  }

  private static let chunkSize = 4096

  private func appendNames(_ samples: UnsafeBufferPointer<Sample>, to bytes: inout [UInt8]) {
    if samples.count == types.count, samples.indices.allSatisfy({ samples[$0].property == $0 }) {
      bytes.append(contentsOf: list)
      return
    }
    pieces.withUnsafeBufferPointer { pieces in
      for index in samples.indices {
        let property = samples[index].property
        guard property >= 0, property < types.count else { continue }
        // The piece without its `:{"value":`.
        bytes.append(
          contentsOf: UnsafeBufferPointer(rebasing: pieces[starts[property]..<starts[property + 1] - 10]))
        bytes.append(UInt8(ascii: ","))
      }
    }
    endList(&bytes)
  }

  private func appendSourceTimes(_ samples: [Sample], to bytes: inout [UInt8]) {
    bytes.append(contentsOf: ",\"sourceTimes\":[".utf8)
    for sample in samples where types.indices.contains(sample.property) {
      JSONWriter.append(sample.sourceNanoseconds / 1_000_000, to: &bytes)
      bytes.append(UInt8(ascii: ","))
    }
    endList(&bytes)
    bytes.append(UInt8(ascii: "]"))
  }

  private func appendTrouble(_ samples: [Sample], to bytes: inout [UInt8]) {
    var quality = JSONWriter()
    var errors = JSONWriter()
    for sample in samples where types.indices.contains(sample.property) {
      let type = types[sample.property]
      if fitted(sample.value, type: type) == nil {
        errors.name(names[sample.property])
        errors.string(Self.reason(of: sample, type: type))
      } else if sample.quality != .good {
        quality.name(names[sample.property])
        quality.string(sample.quality.class.rawValue)
      }
    }
    for (name, writer) in [("quality", quality), ("errors", errors)] where !writer.bytes.isEmpty {
      bytes.append(contentsOf: ",\"\(name)\":{".utf8)
      bytes.append(contentsOf: writer.bytes)
      bytes.append(UInt8(ascii: "}"))
    }
  }

  /// Takes the last comma away.
  private func endList(_ bytes: inout [UInt8]) {
    if bytes.last == UInt8(ascii: ",") { bytes.removeLast() }
  }

  /// Numbers and booleans as such; NaN and infinity, which JSON lacks, as null.
  ///
  /// - Parameter chunk: has room for a number; a text goes to `bytes`, behind which the chunk comes.
  @inline(__always)
  private static func append(plain value: Value, to chunk: inout ByteCursor, behind bytes: inout [UInt8]) {
    switch value {
    case .float(let number): chunk.append(number)
    case .double(let number): chunk.append(number)
    case .int(let number): chunk.append(number)
    case .bool(let flag): chunk.append(flag ? "true" : "false")
    case .text, .bytes:
      chunk.flush(to: &bytes)
      JSONWriter.append(escaped: value.text, to: &bytes)
    }
  }
}
