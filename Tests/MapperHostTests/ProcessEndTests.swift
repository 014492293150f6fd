// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import MapperHost

@Suite struct ProcessEndTests {
  private func text(_ end: ProcessEnd) -> String { end.text { $0 == 7 ? "default/pump-1" : nil } }

  @Test func `signal, call and device are named`() {
    #expect(
      text(ProcessEnd(status: .signalled(11), call: .init(session: 7, function: 4)))
        == "signal 11 (SIGSEGV) in read of default/pump-1")
    #expect(text(ProcessEnd(status: .signalled(9), call: nil)) == "signal 9 (SIGKILL)")
    #expect(
      text(ProcessEnd(status: .exited(3), call: .init(session: 0, function: 10)))
        == "exit status 3 in load of the library")
    #expect(
      text(ProcessEnd(status: .exited(0), call: .init(session: 8, function: 99)))
        == "exit status 0 in function 99 of session 8, which has ended")
  }

  @Test func `the status of waitpid is understood`() {
    #expect(ProcessEnd(waitStatus: 3 << 8, board: nil).status == .exited(3))
    #expect(ProcessEnd(waitStatus: 6 | 0x80, board: nil).status == .signalled(6))  // with a core dump
  }
}
