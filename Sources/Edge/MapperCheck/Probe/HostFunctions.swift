// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import Glibc

// The functions of `mapper_host_api` for a probe. Free functions: C calls them from any thread.

func probeLog(_ host: OpaquePointer, _ level: Int32, _ text: UnsafePointer<CChar>, _ size: Int) {
  let host = ProbeHost.from(host)
  if !(MAPPER_LOG_ERROR...MAPPER_LOG_DEBUG).contains(level) {
    host.note("log with level \(level), expected 1 to 4")
  }
  if probeText(text, size) == nil { host.note("log with a text that is not UTF-8") }
}

func probeReport(
  _ host: OpaquePointer, _ subscription: UInt64, _ samples: UnsafePointer<mapper_sample>, _ count: UInt32
) -> mapper_status {
  ProbeHost.from(host).report(subscription, UnsafeBufferPointer(start: samples, count: Int(count)))
}

func probeLink(
  _ host: OpaquePointer, _ token: UInt64, _ state: Int32, _ why: mapper_status, _ text: UnsafePointer<CChar>?,
  _ size: Int
) {
  let host = ProbeHost.from(host)
  if !(MAPPER_LINK_UP...MAPPER_LINK_DEGRADED).contains(state) {
    host.note("link with state \(state), expected 1 to 3")
  }
  if !ProbeDevice.isToken(token) { host.note("link for token \(token), which no create was given") }
  if let text, probeText(text, size) == nil { host.note("link with a text that is not UTF-8") }
}

func probeQuery(_ host: OpaquePointer, _ id: UnsafePointer<CChar>) -> UnsafeRawPointer? { nil }

func probeCancelled(_ call: OpaquePointer) -> Bool { ProbeCall.from(call).isCancelled() }

func probeCancelDescriptor(_ call: OpaquePointer) -> Int32 { ProbeCall.from(call).cancelDescriptor() }

func probeDeadline(_ call: OpaquePointer) -> Int64 { ProbeCall.from(call).deadlineNanoseconds() }

func probeAlloc(_ call: OpaquePointer, _ size: Int, _ align: Int) -> UnsafeMutableRawPointer? {
  ProbeCall.from(call).allocate(size, align: align)
}

func probeFail(_ call: OpaquePointer, _ status: mapper_status, _ text: UnsafePointer<CChar>, _ size: Int)
  -> mapper_status
{
  ProbeCall.from(call).fail(status, probeText(text, size) ?? "(not UTF-8)")
}

func probeFailItem(
  _ call: OpaquePointer, _ index: UInt32, _ status: mapper_status, _ text: UnsafePointer<CChar>, _ size: Int
) -> mapper_status {
  ProbeCall.from(call).failItem(index, status, probeText(text, size) ?? "(not UTF-8)")
}

/// Nil when it is not UTF-8.
func probeText(_ text: UnsafePointer<CChar>, _ size: Int) -> String? {
  let bytes = UnsafeRawBufferPointer(start: text, count: max(0, min(size, 64 << 10)))
  return String(validating: bytes, as: UTF8.self)
}
