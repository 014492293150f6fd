// SPDX-License-Identifier: Apache-2.0
internal import CMapper

// The functions of `mapper_sink`: free functions for the reason that `HostTable.swift` gives.

func sinkFound(_ call: OpaquePointer, _ found: UnsafePointer<mapper_found>) -> mapper_status {
  // Without an output the call is neither a scan nor a description, and nobody listens.
  CallContext.from(call).scan?.found(UnsafeRawPointer(found)) ?? MAPPER_CLOSED
}

func sinkProgress(
  _ call: OpaquePointer, _ done: UInt32, _ total: UInt32, _ text: UnsafePointer<CChar>?, _ size: Int
) -> mapper_status {
  CallContext.from(call).scan?.progress(done: done, total: total, text: text.map { clipped($0, size) } ?? "")
    ?? MAPPER_CLOSED
}
