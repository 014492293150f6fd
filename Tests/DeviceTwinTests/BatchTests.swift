// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import JSON
import Store
import TestSupport
import Testing

@testable import DeviceTwin

@Suite struct BatchTests {
  private static let writable: [PropertyDescription] = [
    PropertyDescription(name: "a", type: .int, isWritable: true, minimum: 0, maximum: 100_000),
    PropertyDescription(name: "b", type: .float, isWritable: true),
  ]

  private func bench(_ count: Int) async throws -> TwinBench {
    let bench = try await TwinBench()
    for number in 0..<count { bench.twin.deviceChanged(.plain(name(number), Self.writable)) }
    return bench
  }

  private func name(_ number: Int) -> DeviceName { makeName("d-\(number)") }

  private func desired(_ number: Int, _ value: JSON, ifVersion: Int64? = nil) -> TwinBatch.Desired {
    .init(device: name(number), ifVersion: ifVersion, changes: [DesiredChange("a", value)])
  }

  @Test func `all is one transaction over many devices`() async throws {
    let bench = try await bench(1000)
    try #require(await eventually { bench.twin.statistics.writer.queueDepth == 0 })
    let before = bench.twin.statistics.writer.operations
    let batch = TwinBatch(
      mode: .all, desired: (0..<1000).map { desired($0, .int(Int64($0))) },
      reported: [.init(device: name(3), values: [("b", 1.5)])])
    let outcomes = try await bench.twin.apply(batch, caller: .test)
    #expect(outcomes.count == 1001)
    #expect(try outcomes.allSatisfy { try $0.get().desired == 1 })
    #expect(try outcomes.last?.get().reported == 1)
    // One for the batch; a device may report what was still due, which is no part of it.
    #expect(bench.twin.statistics.writer.operations - before < 100)
    #expect(bench.twin.device(name(999))?.property("a")?.desired?.value == .int(999))
    #expect(bench.twin.device(name(3))?.property("b")?.reported?.value == .float(1.5))
    #expect(bench.publisher.texts("d-3/twin/update/document").count >= 2)
    await bench.twin.stop()
    let again = try await TwinBench(folder: bench.folder)
    #expect(again.twin.device(name(999))?.property("a")?.desired?.value == .int(999))
    #expect(again.twin.device(name(3))?.property("b")?.reported?.value == .float(1.5))
    await again.twin.stop()
  }

  @Test func `one refusal takes all of it back`() async throws {
    let bench = try await bench(3)
    let refused: [(TwinBatch.Desired, TwinError)] = [
      (desired(2, -1), .invalid(property: "a", value: "-1", expected: "a number from 0 to 100000")),
      (desired(2, 1, ifVersion: 7), .conflict(current: 0)),
      (.init(device: makeName("none"), changes: []), .deviceNotFound(makeName("none"))),
      (
        .init(device: name(2), changes: [DesiredChange("a", 1, ifReported: 5)]),
        .reportedDiffers(property: "a", reported: nil)
      ),
    ]
    for (entry, error) in refused {
      let batch = TwinBatch(
        mode: .all, desired: [desired(0, 1), desired(1, 1), entry],
        reported: [.init(device: name(0), values: [("b", 2)])])
      await #expect(throws: TwinBatch.Refusal(entry: 2, error: error)) {
        try await bench.twin.apply(batch, caller: .test)
      }
      for number in 0..<3 {
        let device = try #require(bench.twin.device(name(number)))
        #expect(device.desiredVersion == 0)
        #expect(device.reportedVersion == 0)
        #expect(device.property("a")?.desired == nil)
        #expect(device.property("b")?.reported == nil)
      }
    }
    // And nothing of it is left that would stand in the way.
    _ = try await bench.twin.apply(.init(mode: .all, desired: [desired(0, 5)]), caller: .test)
    #expect(bench.twin.device(name(0))?.desiredVersion == 1)
    await bench.twin.stop()
  }

  @Test func `each entry stands for itself`() async throws {
    let bench = try await bench(2)
    let batch = TwinBatch(
      mode: .each, desired: [desired(0, 1), desired(5, 1), desired(1, -1)],
      reported: [.init(device: name(1), values: [("b", 2)]), .init(device: name(0), values: [("zz", 2)])])
    let outcomes = try await bench.twin.apply(batch, caller: .test)
    #expect(outcomes.count == 5)
    #expect(try outcomes[0].get() == .init(desired: 1, reported: 0))
    #expect(throws: TwinError.deviceNotFound(name(5))) { try outcomes[1].get() }
    #expect(throws: TwinError.self) { try outcomes[2].get() }
    #expect(try outcomes[3].get() == .init(desired: 0, reported: 1))
    #expect(throws: TwinError.propertyNotFound(device: name(0), property: "zz")) { try outcomes[4].get() }
    #expect(try await bench.twin.apply(.init(mode: .each), caller: .test).isEmpty)
    #expect(try await bench.twin.apply(.init(mode: .all), caller: .test).isEmpty)
    await bench.twin.stop()
  }

  @Test func `what a mapper reads nobody else reports`() async throws {
    let bench = try await TwinBench()
    bench.twin.deviceChanged(.mapped([.point("a", .int)], name: name(0)))
    let batch = TwinBatch(mode: .all, reported: [.init(device: name(0), values: [("a", 1)])])
    await #expect(throws: TwinBatch.Refusal(entry: 0, error: .reportedByMapper(property: "a"))) {
      try await bench.twin.apply(batch, caller: .test)
    }
    await bench.twin.stop()
  }

  @Test func `a reported value settles what was desired, as over MQTT`() async throws {
    let bench = try await bench(1)
    _ = try await bench.twin.apply(.init(mode: .all, desired: [desired(0, 7)]), caller: .test)
    #expect(bench.twin.device(name(0))?.property("a")?.desired?.state == .pending)
    let report = TwinBatch(mode: .each, reported: [.init(device: name(0), values: [("a", 7)])])
    _ = try await bench.twin.apply(report, caller: .test)
    #expect(bench.twin.device(name(0))?.property("a")?.desired?.state == .applied)
    #expect(bench.twin.device(name(0))?.property("a")?.inSync == true)
    #expect(bench.publisher.texts("twin/update/result").isEmpty)
    await bench.twin.stop()
  }

  /// Batches over the same devices in several orders, beside single writes and updates: nobody waits for ever, and
  /// memory and disk agree in the end.
  @Test func `batches that overlap neither wait for each other for ever nor tear a device`() async throws {
    let bench = try await bench(8)
    await withTaskGroup(of: Void.self) { group in
      for task in 0..<6 {
        group.addTask {
          for round in 0..<30 {
            let value = JSON.int(Int64(task * 1000 + round))
            let order = (0..<8).shuffled()
            _ = try? await bench.twin.apply(
              .init(mode: .all, desired: order.map { self.desired($0, value) }), caller: .test)
            bench.update(
              #"{"twin":{"b":{"actual":{"value":"\#(round)"}}}}"#, of: self.name(round % 8).description)
          }
        }
      }
    }
    try #require(await eventually { bench.twin.statistics.writer.queueDepth == 0 })
    let memory = (0..<8).map { bench.twin.device(name($0))?.property("a")?.desired?.value }
    // The last batch holds everywhere.
    #expect(Set(memory.map { $0?.text }).count == 1)
    await bench.twin.stop()
    let again = try await TwinBench(folder: bench.folder)
    for number in 0..<8 {
      #expect(again.twin.device(name(number))?.property("a")?.desired?.value == memory[number])
    }
    await again.twin.stop()
  }
}
