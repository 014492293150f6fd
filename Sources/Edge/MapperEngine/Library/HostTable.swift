// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import DeviceAPI

// The functions of `mapper_host_api`. Free functions, since a closure could be bound to an actor and would
// then stop the process when a driver's thread calls it. Each copies, hands over and returns.

func hostLog(_ host: OpaquePointer, _ level: Int32, _ text: UnsafePointer<CChar>, _ size: Int) {
  let level = LogLevel(rawValue: UInt8(clamping: level)) ?? .info
  HostContext.from(host).log(clipped(text, size), level: level)
}

func hostReport(
  _ host: OpaquePointer, _ subscription: UInt64, _ samples: UnsafePointer<mapper_sample>, _ count: UInt32
) -> mapper_status {
  guard let subscription = HostContext.from(host).subscription(subscription) else { return MAPPER_CLOSED }
  return subscription.report(UnsafeBufferPointer(start: samples, count: Int(count)))
}

func hostLink(
  _ host: OpaquePointer, _ token: UInt64, _ state: Int32, _ why: mapper_status, _ text: UnsafePointer<CChar>?,
  _ size: Int
) {
  guard let session = UInt32(exactly: token) else { return }
  HostContext.from(host).link(
    .init(
      session: session, state: state, status: MapperStatus(rawValue: why),
      text: text.map { clipped($0, size) } ?? ""))
}

/// The host has no extensions of its own yet.
func hostQuery(_ host: OpaquePointer, _ id: UnsafePointer<CChar>) -> UnsafeRawPointer? { nil }

func callCancelled(_ call: OpaquePointer) -> Bool { CallContext.from(call).isCancelled }

func callCancelDescriptor(_ call: OpaquePointer) -> Int32 { CallContext.from(call).cancelDescriptor }

func callDeadline(_ call: OpaquePointer) -> Int64 { CallContext.from(call).deadline }

func callAlloc(_ call: OpaquePointer, _ size: Int, _ align: Int) -> UnsafeMutableRawPointer? {
  CallContext.from(call).arena.allocate(size, align: align)
}

func callFail(_ call: OpaquePointer, _ status: mapper_status, _ text: UnsafePointer<CChar>, _ size: Int)
  -> mapper_status
{
  CallContext.from(call).failure = clipped(text, size)
  return status
}

func callFailItem(
  _ call: OpaquePointer, _ index: UInt32, _ status: mapper_status, _ text: UnsafePointer<CChar>, _ size: Int
) -> mapper_status {
  CallContext.from(call).failItem(Int(index), clipped(text, size))
  return status
}

/// A driver's text, at most 1,024 bytes of it.
func clipped(_ text: UnsafePointer<CChar>, _ size: Int) -> String {
  let bytes = UnsafeRawBufferPointer(start: text, count: max(0, min(size, 1024)))
  return String(decoding: bytes, as: UTF8.self)
}
