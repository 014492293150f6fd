// SPDX-License-Identifier: Apache-2.0
import Config
import Glibc
import MapperEngine
import TestSupport
import Testing

@testable import MapperHost

@Suite struct RunnerLimitsTests {
  private func limits(_ change: (inout MapperLimits) -> Void = { _ in }) throws -> RunnerLimits {
    var limits = MapperLimits()
    change(&limits)
    return try RunnerLimits(limits, snapshot: "/state/snapshots/abc.so")
  }

  @Test func `by default a runner starts nothing and reads what belongs to the system`() throws {
    let limits = try limits()
    let confinement = limits.confinement
    #expect(limits.memoryBytes == 256 << 20 && limits.processes == 0 && !limits.mayFork)
    #expect(confinement.isSandboxed && !confinement.mayFork && confinement.user == nil)
    #expect(confinement.openFiles == 1024 && confinement.userProcesses == 0)
    #expect(confinement.dataBytes == UInt64(3 * 512 << 20))
    #expect(confinement.readable.contains("/usr") && confinement.readable.contains("/state/snapshots/abc.so"))
    #expect(confinement.writable.contains("/tmp") && confinement.devices == ["/dev"])
    for place in ["/", "/var", "/var/lib", "/home", "/root", "/state", "/state/snapshots"] {
      #expect(!confinement.readable.contains(place) && !confinement.writable.contains(place))
    }
  }

  @Test func `without a sandbox a runner is watched as one that may start processes`() throws {
    let open = try limits { $0.sandbox = .off }
    #expect(open.mayFork && !open.confinement.isSandboxed)
    let exec = try limits { $0.processes = 64 }
    #expect(exec.mayFork && exec.confinement.mayFork && exec.confinement.isSandboxed && exec.processes == 64)
  }

  @Test func `further folders come on top`() throws {
    let limits = try limits {
      $0.readable = ["/srv/certificates"]
      $0.writable = ["/srv/spool"]
    }
    #expect(limits.confinement.readable.last == "/srv/certificates")
    #expect(limits.confinement.writable.last == "/srv/spool")
  }

  @Test func `a user that is not there is named with its key before anything starts`() {
    var limits = MapperLimitsConfiguration()
    var override = MapperLimitsConfiguration.Override()
    override.user = "no-such-user"
    limits.mappers["modbus"] = override
    let error = #expect(throws: FileProblem.self) { try RunnerLimits.check(limits) }
    #expect(
      error?.description
        == "modules.mapperHost.limits.mappers.modbus.user: no-such-user: expected a user of this system")
    #expect(throws: Never.self) { try RunnerLimits.check(MapperLimitsConfiguration()) }
  }

  @Test(.enabled(if: geteuid() == 0)) func `another user can read its library, but not list the others`()
    throws
  {
    let folder = try TemporaryFolder()
    chmod(folder.path, 0o700)
    let library = try folder.write("", to: "abc.so")
    var limits = MapperLimits()
    limits.user = "nobody"
    let user = try #require(try RunnerLimits(limits, snapshot: library).confinement.user)
    #expect(user.user > 0 && user.groups.contains(user.group))
    var status = stat()
    #expect(stat(folder.path, &status) == 0 && status.st_mode & 0o777 == 0o711)
    #expect(stat(library, &status) == 0 && status.st_mode & 0o777 == 0o555)
  }

  @Test(.enabled(if: geteuid() != 0)) func `only root can change the user`() {
    var limits = MapperLimits()
    limits.user = "root"
    let error = #expect(throws: FileProblem.self) { try RunnerLimits(limits, snapshot: "/x.so") }
    #expect(error?.description.contains("root: expected nothing") == true)
  }
}
