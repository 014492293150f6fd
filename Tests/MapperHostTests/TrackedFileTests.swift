// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import MapperHost

@Suite struct TrackedFileTests {
  private let settle = TrackedFile.settleTime

  private func status(size: Int, modified: Int64 = 1) -> FileStatus {
    FileStatus(device: 1, inode: 1, size: size, modified: modified, isRegular: true)
  }

  @Test func `a file that its writer closed is taken at once`() {
    var file = TrackedFile()
    #expect(file.look(status(size: 5), isClosed: true, now: 0) == .take(isStable: false))
    #expect(file.lookAt == nil)
  }

  @Test func `a growing file is taken once it has stood still`() {
    var file = TrackedFile()
    file.touched(now: 0)
    #expect(file.lookAt == settle)
    #expect(file.look(status(size: 5), isClosed: false, now: settle) == .wait)
    #expect(file.lookAt == 2 * settle)
    #expect(file.look(status(size: 9), isClosed: false, now: 2 * settle) == .wait)
    #expect(file.look(status(size: 9), isClosed: false, now: 3 * settle) == .take(isStable: true))
  }

  @Test func `what was dealt with is not taken again until its writer says so`() {
    var file = TrackedFile()
    _ = file.look(status(size: 5), isClosed: true, now: 0)
    file.dealt(with: status(size: 5))
    file.touched(now: 10)
    #expect(file.look(status(size: 5), isClosed: false, now: 10 + settle) == .wait)
    #expect(file.lookAt == nil)
    #expect(file.look(status(size: 5), isClosed: true, now: 500) != .wait)
  }

  @Test func `a file that comes back within the settle time was never gone`() {
    var file = TrackedFile()
    _ = file.look(status(size: 5), isClosed: true, now: 0)
    file.dealt(with: status(size: 5))
    file.touched(now: 10)
    #expect(file.look(status(size: 6, modified: 2), isClosed: true, now: 20) == .take(isStable: false))
  }

  @Test func `a file that stays away has vanished, and was reported only if it was`() {
    var file = TrackedFile()
    #expect(file.look(nil, isClosed: true, now: 0) == .wait)
    #expect(file.look(nil, isClosed: false, now: settle) == .vanished(wasReported: false))
    _ = file.look(status(size: 5), isClosed: true, now: 0)
    file.dealt(with: status(size: 5))
    #expect(file.look(nil, isClosed: false, now: 9) == .vanished(wasReported: true))
  }
}
