// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Testing

@testable import EventBus

struct PublishWindowTests {
  private func window(messages: Int, bytes: Int) -> PublishWindow {
    var limits = EventBusOptions.Limits()
    limits.messages = messages
    limits.bytes = bytes
    return PublishWindow(limits)
  }

  @Test func `takes messages up to the limit, and telemetry up to half of it`() {
    var window = window(messages: 4, bytes: 1_000)
    let taken1 = (0..<3).map { _ in window.add(1, .telemetry) }
    #expect(taken1 == [true, true, false])
    let taken2 = (0..<3).map { _ in window.add(1, .twin) }
    #expect(taken2 == [true, true, false])
    #expect(window.all == .init(messages: 4, bytes: 4))
    #expect(window.telemetry == .init(messages: 2, bytes: 2))
  }

  @Test func `takes bytes up to the limit, and of telemetry up to half of it`() {
    var window = window(messages: 100, bytes: 100)
    let taken3 = window.add(50, .telemetry)
    #expect(taken3)
    let taken4 = window.add(1, .telemetry)
    #expect(!taken4)
    let taken5 = window.add(50, .twin)
    #expect(taken5)
    let taken6 = window.add(1, .twin)
    #expect(!taken6)
    let taken7 = window.add(0, .twin)
    #expect(taken7)
  }

  @Test func `has room again for what is through`() {
    var window = window(messages: 2, bytes: 100)
    let taken8 = window.add(10, .twin)
    #expect(taken8)
    let taken9 = window.add(20, .telemetry)
    #expect(taken9)
    let taken10 = window.add(1, .twin)
    #expect(!taken10)
    window.remove(.init(messages: 2, bytes: 30), telemetry: .init(messages: 1, bytes: 20))
    #expect(window.isEmpty)
    #expect(window.all == .init())
    #expect(window.telemetry == .init())
    let taken11 = window.add(1, .telemetry)
    #expect(taken11)
  }
}
