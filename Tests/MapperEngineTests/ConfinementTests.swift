// SPDX-License-Identifier: Apache-2.0
import CShims
import TestSupport
import Testing

@testable import MapperEngine

@Suite(.blocking) struct ConfinementTests {
  private var full: Confinement {
    var confinement = Confinement()
    confinement.dataBytes = 1 << 40
    confinement.openFiles = 1024
    confinement.userProcesses = 4160
    confinement.mayFork = true
    confinement.isSandboxed = false
    confinement.user = .init(user: 998, group: 997, groups: [997, 20])
    confinement.readable = ["/usr", "/a folder = b"]
    confinement.writable = ["/tmp"]
    confinement.devices = ["/dev"]
    return confinement
  }

  @Test func `its text is read back as it was`() throws {
    #expect(try Confinement(text: full.text) == full)
    #expect(try Confinement(text: Confinement().text) == Confinement())
  }

  @Test(arguments: [
    ("sandbox=false", "sandbox=no", "sandbox: no: expected true or false"),
    ("openFiles=1024", "openFiles=-1", "openFiles: -1: expected a whole number"),
    ("openFiles=1024", "openFiles=4294967296", "openFiles: 4294967296: expected a whole number"),
    ("openFiles=1024", "openFiles=", "openFiles: : expected a whole number"),
    ("openFiles=1024", "openFiles=1\nopenFiles=2", "openFiles: expected once"),
    ("openFiles=1024", "files=1", "files: unknown key"),
    ("openFiles=1024\n", "", "openFiles: expected once"),
    ("user=998,997,997,20", "user=998", "user: 998: expected user,group"),
    ("user=998,997,997,20", "user=998,997,", "user: : expected a whole number"),
    ("readable=/usr", "readable=usr", "readable: usr: expected an absolute path"),
    ("readable=/usr", "readable", "readable: expected key=value"),
    ("readable=/usr", "", ": expected key=value"),
  ])
  func `a text that is not one of its own is refused`(_ part: String, _ wrong: String, _ reason: String)
    throws
  {
    let text = full.text
    let range = try #require(text.firstRange(of: part))
    let broken = text.replacingCharacters(in: range, with: wrong)
    let error = #expect(throws: Confinement.Malformed.self) { try Confinement(text: broken) }
    #expect(error?.description == reason)
  }

  @Test func `what the kernel lacks is named with what follows from it`() {
    #expect(Confinement.text(missing: 0) == nil)
    let all = Confinement.text(missing: 15) ?? ""
    for word in ["Landlock: ", "Landlock 3", "Landlock 6", "seccomp: "] { #expect(all.contains(word)) }
    #expect(
      Confinement.text(missing: UInt32(SV_MISSING_SECCOMP))
        == "this system lacks seccomp: the mapper may make any system call, also to start processes")
  }
}

extension String {
  fileprivate func replacingCharacters(in range: Range<String.Index>, with text: String) -> String {
    self[..<range.lowerBound] + text + self[range.upperBound...]
  }
}
