// SPDX-License-Identifier: Apache-2.0
internal import CShims
internal import DeviceAPI
internal import Glibc

extension Check {
  static let processChecks = [
    Check("process-1", "Signals, locale, umask, working directory and environment are left alone.") {
      (probe: Probe) throws(CheckEnd) in
      let before = ProcessState.now()
      try liveOnce(probe)
      let changes = before.changes(to: .now())
      guard changes.isEmpty else {
        throw .failed(expected: "the process as it was", seen: "changed: " + changes.joined(separator: ", "))
      }
    },
    Check(
      "process-2", "Threads of the library's own have ended when unload returns.", extraMilliseconds: 10_000
    ) {
      (probe: Probe) throws(CheckEnd) in
      let before = ProcessState.threadCount()
      try liveOnce(probe)
      try probe.library.unload()
      // A thread that was joined may show for a moment.
      for _ in 0..<1000 where ProcessState.threadCount() > before { sv_sleep_ms(10) }
      let after = ProcessState.threadCount()
      guard after <= before else { throw .failed(expected: "\(before) threads", seen: "\(after) threads") }
    },
    Check("process-3", "A closed and destroyed device leaves no descriptor open.") {
      (probe: Probe) throws(CheckEnd) in
      // Libraries open some things once and keep them.
      try liveOnce(probe)
      let before = ProcessState.descriptors()
      for _ in 0..<10 { try liveOnce(probe) }
      let new = ProcessState.descriptors(beside: before)
      guard new.isEmpty else {
        throw .failed(
          expected: "no more descriptors than before",
          seen: "\(new.count) more: "
            + new.prefix(4).map { "\($0.number) \($0.target)" }.joined(separator: ", "))
      }
    },
    Check("process-4", "Descriptors that are not the library's are neither closed nor written to.") {
      (probe: Probe) throws(CheckEnd) in
      // Files at low numbers, where a stray write or close would hit.
      let files = (0..<8).compactMap { _ in OutputFile() }
      try liveOnce(probe)
      try probe.library.unload()
      for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) < 0 {
        throw .failed(expected: "descriptors 0, 1 and 2 are left alone", seen: "\(descriptor) was closed")
      }
      for file in files where fcntl(file.descriptor, F_GETFD) < 0 || !file.text.isEmpty {
        throw .failed(
          expected: "descriptors of others are left alone",
          seen: "\(file.descriptor) was closed or written to")
      }
    },
  ]

  /// One device's whole life, as far as it gets: a device that does not answer is no fault here.
  static func liveOnce(_ probe: Probe) throws(CheckEnd) {
    let device = try probe.boundDevice(probe.plan())
    if try device.open(milliseconds: 300).status.isOK {
      if !device.readable.isEmpty { _ = try device.read(device.readable, milliseconds: 1000) }
      try device.close()
    }
    try device.destroy()
  }
}
