// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import MapperEngine

/// Frames of a runner whose memory a driver has overwritten. `Tests/Fuzz` does the same with libFuzzer.
@Suite(.blocking) struct FrameMutationTests {
  /// Frames of one seed.
  private static let rounds = 25_000

  /// Reads beyond the end trap: the bytes are in memory of their own.
  private func decode(_ bytes: [UInt8]) -> [UInt8]? { bytes.withUnsafeBytes { FrameSamples.decode($0) } }

  @Test(arguments: UInt64(0)..<8)
  func `a broken frame is refused, or read as something that can be written`(seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    var read = 0
    var refused = 0
    for _ in 0..<Self.rounds {
      var bytes = FrameSamples.frames.randomElement(using: &random) ?? []
      for _ in 0..<Int.random(in: 1...4, using: &random) { Self.mutate(&bytes, &random) }
      if Bool.random(using: &random) { Self.mendSize(&bytes) }
      guard let again = decode(bytes) else {
        refused += 1
        continue
      }
      read += 1
      #expect(decode(again) == again, "\(bytes)")
    }
    #expect(read > Self.rounds / 20 && refused > Self.rounds / 20, "\(read) read, \(refused) refused")
  }

  /// A count reserves no memory that the frame's own bytes do not stand for.
  @Test(arguments: [UInt32.max, 0x7FFF_FFFF, 0x1000_0000, 1 << 20])
  func `no count or length is believed, wherever it stands`(count: UInt32) {
    for frame in FrameSamples.frames {
      for offset in Frame.headerSize..<max(Frame.headerSize, frame.count - 3) {
        var bytes = frame
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: count, toByteOffset: offset, as: UInt32.self) }
        guard let again = decode(bytes) else { continue }
        #expect(again.count <= frame.count + 64)
      }
    }
  }

  @Test func `a frame cut anywhere is refused`() {
    for frame in FrameSamples.frames {
      for size in 0..<frame.count {
        #expect(decode(Array(frame[..<size])) == nil)
        var cut = Array(frame[..<(size / 8 * 8)])
        Self.mendSize(&cut)
        _ = decode(cut)
      }
    }
  }

  private static func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix) {
    guard bytes.count > 8 else { return }
    let place = Int.random(in: 0..<bytes.count, using: &random)
    switch Int.random(in: 0..<6, using: &random) {
    case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
    case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 2: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...8, using: &random)))
    case 3:
      let piece = (0..<Int.random(in: 1...8, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      bytes.insert(contentsOf: piece, at: place)
    case 4:
      guard place + 4 <= bytes.count else { return }
      let word = [0, 1, 255, 0x7FFF_FFFF, .max].randomElement(using: &random) ?? UInt32.max
      bytes.withUnsafeMutableBytes { $0.storeBytes(of: word, toByteOffset: place, as: UInt32.self) }
    default:
      let other = FrameSamples.frames.randomElement(using: &random) ?? []
      bytes = Array(bytes[..<place]) + other.dropFirst(min(place, other.count))
    }
  }

  /// Makes the header's size right again, so that the change reaches the body.
  private static func mendSize(_ bytes: inout [UInt8]) {
    guard bytes.count >= Frame.headerSize else { return }
    bytes += Array(repeating: 0, count: (8 - bytes.count % 8) % 8)
    let size = UInt32(bytes.count)
    bytes.withUnsafeMutableBytes { $0.storeBytes(of: size, toByteOffset: 0, as: UInt32.self) }
  }
}
