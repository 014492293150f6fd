// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Testing

@testable import MapperHost

@Suite struct ReportBoardTests {
  @Test func `counters that a damaged runner made up do not stop the agent`() {
    var made = MapperReport.Counters()
    made.reads = .max
    made.samples = .max
    made.devices = 3
    var next = MapperReport.Counters()
    next.reads = 2
    next.samples = 1
    next.devices = 1
    let sum = next.adding(made)
    #expect(sum.reads == 1 && sum.samples == 0 && sum.devices == 1)
  }
}
