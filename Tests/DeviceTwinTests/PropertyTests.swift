// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Testing

@testable import DeviceTwin

@Suite struct PropertyTests {
  private let second: Int64 = 1_000_000_000

  private func property() -> Property {
    Property(
      form: PropertyForm(name: "a", typeName: "int", isOptional: false, isModelled: true), id: 1, type: .int)
  }

  private func sample(_ value: Int64, quality: Quality = .good) -> Sample {
    Sample(property: 0, quality: quality, value: .int(value))
  }

  @Test func `takes no more memory than was decided`() {
    // A hundred thousand of them are 12 MB.
    #expect(MemoryLayout<Property>.stride <= 120)
  }

  @Test func `is due at once after a quiet cycle, else at the end of the cycle`() {
    var property = property()
    #expect(property.due == .max)
    var hasChanged = property.take(sample(1), arrival: 10, now: 5 * second)
    #expect(hasChanged)
    #expect(property.due == 5 * second)
    #expect(!property.isReported)
    property.becomeReported(at: 5 * second)
    #expect(property.isReported && property.due == .max)

    hasChanged = property.take(sample(2), arrival: 11, now: 5 * second + 1)
    #expect(hasChanged)
    #expect(property.due == 6 * second)
    hasChanged = property.take(sample(3), arrival: 12, now: 5 * second + 2)
    #expect(hasChanged)
    #expect(property.due == 6 * second)
    hasChanged = property.take(sample(3, quality: .uncertain), arrival: 13, now: 5 * second + 3)
    #expect(hasChanged)
    #expect(property.due == 5 * second + 3)
  }

  @Test func `a value that came back within its cycle leaves the next one free to go at once`() {
    var property = property()
    _ = property.take(sample(1), arrival: 10, now: second)
    property.becomeReported(at: second)
    _ = property.take(sample(2), arrival: 11, now: second + 1)
    _ = property.take(sample(1), arrival: 12, now: second + 2)
    #expect(property.isReported && property.due == 2 * second)
    property.due = .max
    #expect(property.due == .max)
    _ = property.take(sample(3), arrival: 13, now: 2 * second)
    #expect(property.due == 2 * second)
  }

  @Test func `what was reported keeps its time and words while new values come`() {
    var property = property()
    let failure = SampleFailure(status: .timeout, text: "silent")
    property.latest = Reading(value: .int(1), quality: .bad, sourceTime: 7, time: 10, failure: failure)
    property.becomeReported(at: second)
    #expect(property.published.sourceTime == 7 && property.published.failure == failure)
    _ = property.take(sample(2), arrival: 20, now: second + 1)
    #expect(property.published.value == .int(1) && property.published.time == 10)
    #expect(property.published.failure == failure && property.published.quality == .bad)
    #expect(property.latest.value == .int(2) && property.latest.failure == nil)
  }

  @Test(arguments: [
    Property.Life.live, .unborn, .deleted(hadExpected: true, hadActual: false),
    .deleted(hadExpected: false, hadActual: true),
  ])
  func `a life is kept beside the other flags`(life: Property.Life) {
    var property = property()
    property.isMapped = true
    property.hasDesired = true
    property.life = .deleted(hadExpected: true, hadActual: true)
    property.life = life
    #expect(property.life == life && property.isLive == (life == .live))
    #expect(property.isMapped && property.hasDesired && !property.isWriteInFlight && property.due == .max)
  }
}
