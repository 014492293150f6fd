// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import Glibc

/// What a probe process does: one check, or a question about the library.
package enum ProbeJob {
  /// Tells the result on the descriptor that the suite listens on, and ends the process: no destructor of the
  /// library runs, which may be broken.
  package static func run(_ name: String, _ options: ProbeOptions) -> Never {
    // Without a suite, by hand: the result goes to the terminal.
    let isHeard = fcntl(ProbeOutput.descriptor, F_GETFD) >= 0
    // Out of the way of a library that closes or writes to what is not its.
    var channel: Int32 = isHeard ? ProbeOutput.descriptor : 1
    let moved = isHeard ? fcntl(ProbeOutput.descriptor, F_DUPFD_CLOEXEC, ProbeOutput.keptDescriptor) : -1
    if moved >= 0 {
      close(ProbeOutput.descriptor)
      channel = moved
    }
    let say = ProbeOutput(descriptor: channel)
    do throws(CheckEnd) {
      switch name {
      case "describe": try LibraryDescription.tell(options, say)
      case "drivers": try LibraryDescription.tellDrivers(options, say)
      case "case": try runCase(options, say)
      default:
        guard let check = Check.all.first(where: { $0.id == name }) else {
          throw .skipped("no such check: \(name)")
        }
        try check.run(Probe(options, say: say))
      }
      say.end(.success(()))
    } catch {
      say.end(.failure(error))
    }
    _exit(0)
  }

  /// The case whose folder `deviceFile` names, with the driver that its device is for.
  private static func runCase(_ options: ProbeOptions, _ say: ProbeOutput) throws(CheckEnd) {
    var options = options
    let folder = options.deviceFile ?? "."
    let probe = Probe(options, say: say)
    var ids: [String] = []
    for table in try probe.library.drivers() {
      ids.append(String(cString: try ProbeLibrary.driver(table).pointee.id))
    }
    guard let index = try DevicePlan.driver(of: folder + "/device.yaml", among: ids) else {
      throw .failed(
        expected: "a Device in device.yaml whose protocolName is \(ids.joined(separator: " or "))",
        seen: "none")
    }
    options.driver = index
    try CaseJob(probe.with(options), folder: folder).run()
  }
}
