// SPDX-License-Identifier: Apache-2.0
import Glibc

@testable import MapperEngine

/// libFuzzer's entry: bytes of a runner that may have lost its mind. What is read must be what is written of it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFrame(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let again = FrameSamples.decode(UnsafeRawBufferPointer(start: bytes, count: count)) else { return 0 }
  let twice = again.withUnsafeBytes { FrameSamples.decode($0) }
  if twice != again { abort() }
  return 0
}

/// Writes the corpus if FRAME_CORPUS names a folder for it.
@_cdecl("LLVMFuzzerInitialize")
public func writeCorpus(
  _ count: UnsafeMutablePointer<CInt>?, _ arguments: UnsafeMutableRawPointer?
) -> CInt {
  guard let folder = getenv("FRAME_CORPUS") else { return 0 }
  for (number, frame) in FrameSamples.frames.enumerated() {
    let path = String(cString: folder) + "/frame-\(number)"
    guard let file = fopen(path, "we") else { abort() }
    guard fwrite(frame, 1, frame.count, file) == frame.count, fclose(file) == 0 else { abort() }
  }
  return 0
}
