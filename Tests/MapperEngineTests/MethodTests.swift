// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import TestSupport
import Testing

@testable import MapperEngine

/// Calls of methods, through a library that has them.
@Suite(.blocking) struct MethodTests {
  private func withBench(_ settings: [Setting] = [], _ body: (EngineBench) throws -> Void) throws {
    try EngineBench.run(try FixtureMapper.library("methods")) { bench throws in
      try bench.bind(1, settings: settings)
      try body(bench)
    }
  }

  @Test func `the report shows names, types and flags in the driver's order`() throws {
    try withBench { bench throws in
      let driver = try #require(bench.driver)
      #expect(driver.extensions == ["mapper.methods/1"])
      #expect(driver.methods.prefix(3).map(\.name) == ["nothing", "negate", "add"])
      #expect(
        driver.methods[2]
          == .init(
            name: "add", summary: "adds",
            arguments: [.init(name: "a", type: .int), .init(name: "b", type: .int)],
            result: .int, isIdempotent: true))
      let mix = driver.methods.first { $0.name == "mix" }
      #expect(mix?.arguments.map(\.type) == [.bool, .int, .uint, .double, .text, .bytes])
      #expect(driver.methods.first { $0.name == "bump" }?.changesState == true)
      #expect(driver.methods.first { $0.name == "refuse" }?.needsConfirmation == true)
    }
  }

  private static let results: [(String, [MethodValue], MethodValue)] = [
    ("nothing", [], .nothing),
    ("negate", [.bool(true)], .bool(false)), ("negate", [.bool(false)], .bool(true)),
    ("add", [.int(40), .int(2)], .int(42)), ("add", [.int(.min), .int(0)], .int(.min)),
    ("same", [.uint(.max)], .uint(.max)),
    ("half", [.double(-0.5)], .double(-0.25)),
    ("greet", [.text("Grüße")], .text("Hello, Grüße")), ("greet", [.text("")], .text("Hello, ")),
    ("reverse", [.bytes([0, 1, 255])], .bytes([255, 1, 0])), ("reverse", [.bytes([])], .bytes([])),
    (
      "mix", [.bool(true), .int(-1), .uint(2), .double(0.5), .text("t"), .bytes([1, 2, 3])],
      .text("1 -1 2 0.5 t 3")
    ),
    (
      "weigh", (1...12).map { $0 % 2 == 1 ? .int($0) : .double(Double($0)) },
      .double((1...12).reduce(0) { $0 + Double($1 * $1) })
    ),
    ("null-text", [], .text("")),
  ]

  @Test(arguments: results)
  func `arguments and results of every type pass`(
    method: String, arguments: [MethodValue], result: MethodValue
  ) throws {
    try withBench { bench throws in
      #expect(try bench.call(method, arguments) == .init(status: .ok, result: result))
    }
  }

  @Test func `a failure comes with its detail and the driver's words, and without a result`() throws {
    try withBench { bench throws in
      #expect(
        try bench.call("refuse", [.int(77)])
          == .init(status: MapperStatus(rawValue: 8 | 77 << 8), text: "the device says no"))
      // The link is not the method's.
      #expect(try bench.call("nothing").status == .ok)
    }
  }

  @Test(arguments: [
    ("broken-text", "the result is no UTF-8"), ("long-text", "the result has more than 1 MiB"),
    ("no-number", "the result is not a finite number"), ("no-bytes", "the result has a size without data"),
  ])
  func `a result that makes no sense is an internal error`(method: String, words: String) throws {
    try withBench { bench throws in
      #expect(try bench.call(method) == .init(status: .internal, text: words))
    }
  }

  @Test func `arguments that are not the method's never reach it`() throws {
    try withBench { bench throws in
      let wrong: [[MethodValue]] = [
        [], [.int(1)], [.int(1), .double(2)], [.int(1), .int(2), .int(3)], [.nothing, .nothing],
      ]
      for arguments in wrong {
        #expect(
          try bench.call("add", arguments)
            == .init(status: .invalid, text: "the arguments are not those of method 'add'"))
      }
      #expect(try bench.call("greet", [.text("a\0b")]).status == .invalid)
      #expect(try bench.call("reverse", [.bytes(Array(repeating: 1, count: 17 << 20))]).status == .invalid)
      bench.engine.handle(
        .call(.init(session: 1, request: 1, method: 99, timeoutMilliseconds: 1000, arguments: [])))
      #expect(try bench.answer(1) == .init(status: .notFound, text: "the driver has no method 99"))
      #expect(try bench.call("add", [.int(1), .int(2)]).result == .int(3))
    }
  }

  @Test func `after a method that changes the device its points are read at once`() throws {
    try EngineBench.run(try FixtureMapper.library("methods")) { bench throws in
      // Without the method the next reading is an hour away.
      try bench.bind(1, points: 2, cycle: 3_600_000)
      #expect(bench.waits { bench.sink.batches.count == 1 })
      #expect(try bench.call("nothing").status == .ok)
      #expect(try bench.call("bump", [.int(5)]).status == .ok)
      #expect(bench.waits { bench.sink.batches.count == 2 })
      #expect(bench.sink.batches.last?.values == [.int(5), .int(5)])
    }
  }

  @Test func `a device that does not open gives the reason`() throws {
    try withBench([Setting(key: "openFails", value: .bool(true))]) { bench throws in
      #expect(try bench.call("nothing") == .init(status: .unavailable, text: "nobody answers"))
    }
  }

  @Test func `a lost connection closes the device, which then opens again`() throws {
    try withBench { bench throws in
      #expect(try bench.call("drop") == .init(status: .unavailable, text: "the connection broke"))
      #expect(
        bench.sink.events.contains(
          .link(session: 1, state: .offline, status: .unavailable, reason: "the connection broke")))
      // Its back-off is 50 ms at first.
      #expect(bench.waits { (try? bench.call("nothing").status) == .ok })
    }
  }

  @Test func `a call ends at its deadline, whatever the session's limit is`() throws {
    try withBench { bench throws in
      #expect(try bench.call("rest", [.int(60_000)], timeout: 50).status == .timeout)
      #expect(try bench.call("rest", [.int(10)]).status == .ok)
    }
  }

  @Test func `the wait for the line counts`() throws {
    try EngineBench.run(try FixtureMapper.library("methods")) { bench throws in
      let line = [Setting(key: "line", value: .text("one"))]
      try bench.bind(1, settings: line)
      try bench.bind(2, settings: line)
      let long = try bench.begin("rest", [.int(300)])
      let short = try bench.begin("nothing", session: 2, timeout: 20)
      let answer = try bench.answer(short)
      #expect(answer.status == .timeout)
      #expect(answer.text.hasPrefix("it waited ") && answer.text.hasSuffix(" ms for the line"))
      #expect(try bench.answer(long).status == .ok)
    }
  }

  @Test func `a cancelled call ends, and one that waits is answered at once`() throws {
    try withBench { bench throws in
      let running = try bench.begin("rest", [.int(60_000)], timeout: 60_000)
      let waiting = try bench.begin("nothing", timeout: 60_000)
      bench.engine.handle(.cancel(request: waiting))
      #expect(
        try bench.answer(waiting) == .init(status: .cancelled, text: "it was cancelled before it began"))
      bench.engine.handle(.cancel(request: running))
      #expect(try bench.answer(running).status == .cancelled)
      // The lane and the context are as new; cancelling what is over, or never was, does nothing.
      bench.engine.handle(.cancel(request: running))
      bench.engine.handle(.cancel(request: 7777))
      #expect(try bench.call("rest", [.int(5)]).status == .ok)
    }
  }

  @Test func `giving up a call that waits for an open does not break the open off`() throws {
    try EngineBench.run(try FixtureMapper.library("methods")) { bench throws in
      try bench.bind(1, settings: [Setting(key: "openMs", value: .int(200))], cycle: 10)
      let request = try bench.begin("nothing")
      bench.engine.handle(.cancel(request: request))
      #expect(try bench.answer(request).status == .cancelled)
      // Polled afterwards: it was opened as ever.
      #expect(bench.waits { !bench.sink.batches.isEmpty })
      #expect(
        bench.sink.events.contains(.link(session: 1, state: .online, status: .ok, reason: "")))
      let late = try bench.begin("nothing", timeout: 30_000)
      #expect(try bench.answer(late).status == .ok)
    }
  }

  @Test func `every call is answered once, also when it is cancelled as it begins or ends`() throws {
    try withBench { bench throws in
      var requests: [UInt64] = []
      for number in 0..<300 {
        let request = try bench.begin("rest", [.int(Int64(number % 3))], timeout: 60_000)
        requests.append(request)
        if number % 2 == 0 { bench.engine.handle(.cancel(request: request)) }
      }
      for request in requests { _ = try bench.answer(request) }
      let answers = bench.sink.events.compactMap {
        if case .called(_, let request, _, _, _) = $0 { request } else { nil }
      }
      #expect(answers.count == requests.count && Set(answers) == Set(requests))
      // Only those that were cancelled say so.
      let cancelled = Set(requests.enumerated().filter { $0.offset % 2 == 0 }.map(\.element))
      for case .called(_, let request, .cancelled, _, _) in bench.sink.events {
        #expect(cancelled.contains(request))
      }
    }
  }

  @Test func `releasing the device cancels its calls and answers those that wait`() throws {
    try withBench { bench throws in
      let requests = try (0..<5).map { _ in try bench.begin("rest", [.int(60_000)], timeout: 60_000) }
      bench.unbind(1)
      for request in requests { #expect(try bench.answer(request).status == .cancelled) }
      #expect(
        try bench.call("nothing") == .init(status: .unavailable, text: "the device is not bound"))
    }
  }

  @Test func `a number that is in use is refused`() throws {
    try withBench { bench throws in
      let request = try bench.begin("rest", [.int(60_000)], timeout: 60_000)
      bench.engine.handle(
        .call(.init(session: 1, request: request, method: 0, timeoutMilliseconds: 1000, arguments: [])))
      #expect(try bench.answer(request) == .init(status: .invalid, text: "request \(request) is in use"))
      bench.engine.handle(.cancel(request: request))
    }
  }

  @Test func `stopping the engine cancels a long call`() throws {
    try withBench { bench throws in _ = try bench.begin("rest", [.int(60_000)], timeout: 60_000) }
  }
}
