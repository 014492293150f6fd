// SPDX-License-Identifier: Apache-2.0
import DeviceAPI
import Glibc
import JSON
import Synchronization
import TestSupport
import Testing

@testable import MapperEngine
@testable import MapperHost

@Suite(.timeLimit(.minutes(10))) struct MethodTests {
  private static let arguments: JSON.Members = [
    "a": true, "b": -4, "c": 5.0, "d": 2, "e": "text", "f": "AQI=",
  ]
  private let pump = HostBench.name("pump-1")

  private func bench(_ script: String = "") async throws -> (HostBench, RecordingTwin.Feed) {
    let bench = try await HostBench(firstLook: [("fake.so", "driver fake\noffers all\n\(script)\n")])
    let feed = bench.declare(bench.describe("pump-1"))
    #expect(await eventually { feed.link == .online })
    #expect(await eventually { (try? bench.host.methods(of: pump)) != nil })
    return (bench, feed)
  }

  private func call(_ method: String = "add", _ arguments: JSON.Members = Self.arguments) -> MethodCall {
    MethodCall(device: pump, method: method, arguments: arguments)
  }

  @Test func `methods are listed, and shown with the driver`() async throws {
    let (bench, _) = try await bench()
    let methods = try bench.host.methods(of: pump)
    #expect(methods.map(\.name) == ["add", "reset"])
    #expect(methods[0].arguments.map(\.type) == [.bool, .int, .uint, .double, .text, .bytes])
    #expect(methods[0].result == .uint && methods[1].needsConfirmation && methods[1].changesState)
    let driver = try #require(bench.mapper("fake.so")?.drivers.first)
    #expect(driver.methods == methods && driver.canScan && driver.canDescribe && driver.scanSchema != nil)
    await bench.finish()
  }

  @Test func `a call is answered with its result`() async throws {
    let (bench, _) = try await bench()
    // Beyond what a number holds it is a string of digits.
    #expect(
      try await bench.host.call(call()) == MethodOutcome(status: .ok, result: "18446744073709551615"))
    var reset = call("reset", [:])
    await #expect(throws: MethodError.needsConfirmation("reset")) { try await bench.host.call(reset) }
    reset.isConfirmed = true
    #expect(try await bench.host.call(reset) == MethodOutcome(status: .ok))
    await bench.finish()
  }

  @Test(arguments: [
    ("call fail", MethodOutcome(status: .timeout, text: "no answer from unit 4")),
    (
      "call wrong",
      MethodOutcome(status: .internal, text: "the driver's result is of type bool, expected uint")
    ),
  ])
  func `a call that fails says how`(_ script: String, _ outcome: MethodOutcome) async throws {
    let (bench, _) = try await bench(script)
    #expect(try await bench.host.call(call()) == outcome)
    await bench.finish()
  }

  @Test func `what cannot be called is told, and why`() async throws {
    let (bench, _) = try await bench()
    await #expect(throws: MethodError.methodNotFound("ad", available: ["add", "reset"])) {
      try await bench.host.call(call("ad"))
    }
    let nobody = HostBench.name("nobody")
    await #expect(throws: MethodError.deviceNotFound(nobody)) {
      try await bench.host.call(MethodCall(device: nobody, method: "add"))
    }
    let feed = bench.declare(bench.describe("radio", protocolName: "radio"))
    #expect(await eventually { feed.link == .unavailable })
    await #expect(
      throws: MethodError.notDriven(HostBench.name("radio"), reason: "no mapper for protocol radio")
    ) {
      try await bench.host.call(MethodCall(device: HostBench.name("radio"), method: "add"))
    }
    await bench.finish()
    await #expect(throws: MethodError.notDriven(pump, reason: "the agent is stopping")) {
      try await bench.host.call(call())
    }
  }

  @Test func `a dead runner ends its calls`() async throws {
    let (bench, _) = try await bench("call crash")
    let outcome = try await bench.host.call(call())
    #expect(outcome.status == .unavailable)
    #expect(outcome.text == "signal 11 (SIGSEGV) in call of default/pump-1")
    await bench.finish()
  }

  @Test func `a call without an answer is given up`() async throws {
    let (bench, _) = try await bench("call silent")
    var call = call()
    call.timeout = .milliseconds(1)
    #expect(try await bench.host.call(call).status == .timeout)
    await bench.finish()
  }

  @Test func `a call is cancelled`() async throws {
    let (bench, _) = try await bench("call silent")
    let outcomes = Mutex<[Result<MethodOutcome, MethodError>]>([])
    var call = call()
    call.timeout = .seconds(60)
    let work = bench.host.call(call) { outcome in outcomes.withLock { $0.append(outcome) } }
    #expect(outcomes.withLock { $0.isEmpty })
    work.cancel()
    #expect(
      await eventually {
        outcomes.withLock { $0 } == [.success(MethodOutcome(status: .cancelled, text: "stopped"))]
      })
    work.cancel()
    await bench.finish()
    #expect(outcomes.withLock { $0.count } == 1)
  }

  @Test func `no more than 64 calls of a mapper wait`() async throws {
    let (bench, _) = try await bench("call silent")
    let outcomes = Mutex<[Result<MethodOutcome, MethodError>]>([])
    for _ in 0..<66 { bench.host.call(call()) { outcome in outcomes.withLock { $0.append(outcome) } } }
    #expect(outcomes.withLock { $0 } == [.failure(.busy), .failure(.busy)])
    await bench.finish()
    #expect(outcomes.withLock { $0.count } == 66)
  }

  @Test func `arguments are typed, in the method's order`() {
    let method = MethodDescription(
      name: "m",
      arguments: [
        .init(name: "count", type: .uint), .init(name: "level", type: .double),
        .init(name: "on", type: .bool),
        .init(name: "data", type: .bytes), .init(name: "large", type: .uint),
      ])
    let arguments = MethodArguments(
      ["on": false, "data": "AQI=", "large": "18446744073709551615", "level": 3, "count": 5.0], for: method)
    #expect(arguments.problems.isEmpty)
    #expect(
      arguments.values == [
        .uint(5), .double(3), .bool(false), .bytes([1, 2]), .uint(18_446_744_073_709_551_615),
      ])
  }

  @Test func `everything that is wrong with arguments is told at once`() {
    let method = MethodDescription(
      name: "m",
      arguments: [
        .init(name: "a", type: .int), .init(name: "b", type: .uint), .init(name: "c", type: .bool),
        .init(name: "d", type: .double), .init(name: "e", type: .text), .init(name: "f", type: .bytes),
        .init(name: "g", type: .int),
      ])
    let arguments = MethodArguments(
      ["a": "22", "b": -1, "c": 1, "d": "1.5", "e": "x\0y", "f": "AQI", "h": nil], for: method)
    #expect(
      arguments.problems.map { "\($0.argument): \($0.value): \($0.expected)" } == [
        #"a: "22": a whole number"#,
        "b: -1: a whole number that is not negative (above 9223372036854775807: in quotes)",
        "c: 1: true or false", #"d: "1.5": a number"#,
        #"e: "x\u0000y": a string without the character U+0000"#, #"f: "AQI": a string in base64"#,
        "g: : a whole number", "h: null: an argument of the method: a, b, c, d, e, f, g",
      ])
    let twice = MethodArguments(
      .init([.init(name: "a", value: 1), .init(name: "a", value: 2)]),
      for: .init(
        name: "m", arguments: [.init(name: "a", type: .int)]))
    #expect(twice.problems == [.init(argument: "a", value: "1", expected: "to be given once")])
    let none = MethodArguments(["a": 1.5], for: .init(name: "m"))
    #expect(none.problems == [.init(argument: "a", value: "1.5", expected: "no arguments")])
  }
}
