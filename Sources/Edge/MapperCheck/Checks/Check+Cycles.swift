// SPDX-License-Identifier: Apache-2.0
internal import CShims
internal import DeviceAPI
internal import Glibc

extension Check {
  /// Memory that a cycle may keep: below this it is noise of the allocator.
  private static let bytesACycle = 48
  private static let slackBytes = 1 << 20
  /// The allocator takes more now and then, for a thread of the library's say: what is lost shows each time.
  private static let memoryRounds = 3
  private static let maximumBytes = 64 << 20
  /// How long a library's own threads may take to close what a closed device no longer needs; ns.
  private static let settleLimit: Int64 = 20_000_000_000

  static let cycleChecks = [
    Check(
      "cycle-1", "Opening and closing over and over takes no memory and no descriptors.",
      extraMilliseconds: 60_000
    ) {
      (probe: Probe) throws(CheckEnd) in
      let device = try probe.openDevice()
      try device.close()
      let count = try cycle(probe) { () throws(CheckEnd) in
        guard try device.open(milliseconds: 2000).status.isOK else { return }
        if !device.readable.isEmpty { _ = try device.read(Array(device.readable.prefix(1))) }
        try device.close()
      }
      probe.say.line("cycle-1: \(count) times")
      try device.destroy()
    },
    Check(
      "cycle-2", "Making and destroying devices over and over takes no memory and no descriptors.",
      extraMilliseconds: 60_000
    ) {
      (probe: Probe) throws(CheckEnd) in
      let plan = try probe.plan()
      let driver = try probe.driver()
      let first = try probe.boundDevice(plan)
      try first.destroy()
      _ = driver
      let count = try cycle(probe) { () throws(CheckEnd) in
        _ = try first.create()
        _ = try first.bind(plan.points)
        try first.destroy()
      }
      probe.say.line("cycle-2: \(count) times")
    },
    Check("memory-2", "With a leak sanitizer: nothing of the library's is lost.", extraMilliseconds: 20_000) {
      (probe: Probe) throws(CheckEnd) in
      guard let check = LeakCheck.find() else { throw .skipped("only with --sanitize") }
      for _ in 0..<5 { try liveOnce(probe) }
      try probe.library.unload()
      probe.say.step(LeakCheck.step)
      _ = check()
    },
  ]

  /// Runs `body` as often as wanted, or as there is time for, and compares what the process holds.
  ///
  /// - Returns: how often it ran.
  private static func cycle(_ probe: Probe, _ body: () throws(CheckEnd) -> Void) throws(CheckEnd) -> Int {
    let milliseconds = probe.options.cycleSeconds * 1000
    var ran = try run(body, times: max(1, probe.options.cycles / 10), milliseconds: milliseconds / 4)
    let descriptors = ProcessState.descriptors().count
    let times = max(1, probe.options.cycles - ran)
    var faults: [CheckEnd] = []
    while faults.count < memoryRounds {
      let before = ProcessState.residentBytes()
      let counted = try run(body, times: times, milliseconds: milliseconds)
      ran += counted
      let growth = ProcessState.residentBytes() - before
      let limit = slackBytes + counted * bytesACycle
      // A sanitizer keeps freed memory on purpose.
      if growth <= limit || LeakCheck.find() != nil { break }
      faults.append(
        .failed(
          expected: "at most \(limit >> 10) KiB more after \(counted) times", seen: "\(growth >> 10) KiB more"
        ))
    }
    let more = surplusDescriptors(descriptors)
    guard more <= 0 else {
      throw .failed(expected: "no more descriptors after \(ran) times", seen: "\(more) more")
    }
    if faults.count == memoryRounds { throw faults[0] }
    return ran
  }

  /// - Returns: how often it ran, once at least: less than `times` when the time is over, or so much memory is gone
  ///   that more would harm the machine.
  private static func run(_ body: () throws(CheckEnd) -> Void, times: Int, milliseconds: Int) throws(CheckEnd)
    -> Int
  {
    let deadline = sv_monotonic_ns() + Int64(milliseconds) * 1_000_000
    let before = ProcessState.residentBytes()
    var ran = 0
    repeat {
      try body()
      ran += 1
      if ran % 16 == 0, ProcessState.residentBytes() - before > maximumBytes { break }
    } while ran < times && sv_monotonic_ns() < deadline
    return ran
  }

  /// How many more descriptors there are than `before`.
  ///
  /// A thread of the library's own may still be about to close one, so they are counted until none is left over or
  /// `settleLimit` has passed.
  private static func surplusDescriptors(_ before: Int) -> Int {
    let deadline = sv_monotonic_ns() + settleLimit
    while true {
      let more = ProcessState.descriptors().count - before
      if more <= 0 || sv_monotonic_ns() >= deadline { return more }
      sv_sleep_ms(10)
    }
  }
}
