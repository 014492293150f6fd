// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// A file that is open for reading.
struct OpenFile: ~Copyable {
  let path: String
  private let descriptor: Int32

  init(path: String) throws(FileProblem) {
    self.path = path
    // Not blocking: a FIFO of that name must not hold up the watcher.
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw FileProblem("cannot open \(path)", code: errno) }
  }

  deinit { close(descriptor) }

  func status() throws(FileProblem) -> FileStatus {
    var raw = stat()
    guard fstat(descriptor, &raw) == 0 else { throw FileProblem("cannot stat \(path)", code: errno) }
    return FileStatus(raw)
  }

  /// Fewer bytes where the file ends.
  func bytes(at offset: UInt64, count: Int) throws(FileProblem) -> [UInt8] {
    guard offset <= UInt64(Int64.max) else { return [] }
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let got = bytes.withUnsafeMutableBytes { buffer in
        pread(
          descriptor, buffer.baseAddress?.advanced(by: filled), count - filled, off_t(offset) + off_t(filled))
      }
      if got < 0 {
        if errno == EINTR { continue }
        throw FileProblem("cannot read \(path)", code: errno)
      }
      if got == 0 { break }
      filled += got
    }
    bytes.removeLast(count - filled)
    return bytes
  }

  /// Reads on from the start or from where the last call ended; 0 at the end of the file.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(FileProblem) -> Int {
    while true {
      let got = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      if got >= 0 { return got }
      guard errno == EINTR else { throw FileProblem("cannot read \(path)", code: errno) }
    }
  }

  enum Lease { case held, beingWritten, notOffered }

  /// Keeps writers out until the file is closed: who opens it for writing waits so long.
  ///
  /// `.beingWritten` when somebody has it open for writing now. Some file systems offer no leases, and they
  /// need ownership of the file or CAP_LEASE.
  func lease() -> Lease {
    // linux/fcntl.h; glibc declares them for C with _GNU_SOURCE only.
    let setSignal: Int32 = 10
    let setLease: Int32 = 1024
    // A writer that waits sends its signal to us: SIGIO would end the process, SIGURG is ignored by default.
    guard fcntl(descriptor, setSignal, SIGURG) == 0 else { return .notOffered }
    if fcntl(descriptor, setLease, Int32(F_RDLCK)) == 0 { return .held }
    return errno == EAGAIN ? .beingWritten : .notOffered
  }
}
