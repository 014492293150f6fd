// SPDX-License-Identifier: Apache-2.0
internal import Config
internal import Glibc

/// Small files: read whole, and made anew.
enum FileText {
  static func read(_ path: String) throws(Failure) -> String {
    do throws(FileError) {
      return String(decoding: try TextFile.read(path), as: UTF8.self)
    } catch {
      throw Failure(.failed, error.description)
    }
  }

  /// Of files of the kernel, which have no size; nil when it cannot be read.
  static func ofKernel(_ path: String, limit: Int = 1 << 20) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return (try? bytes(of: descriptor, limit: limit)).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Up to `limit` bytes.
  static func bytes(of descriptor: Int32, limit: Int) throws(Failure) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count < limit {
      let count = Glibc.read(descriptor, &buffer, min(buffer.count, limit - bytes.count))
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Failure(.failed, Errno.text()) }
      if count == 0 { break }
      bytes += buffer[..<count]
    }
    return bytes
  }

  /// When a file was written, Unix seconds.
  static func written(_ status: stat) -> Int64 {
    // Its members have no name here: the module that defines the structure differs with what is imported beside.
    withUnsafeBytes(of: status.st_mtim) { Int64($0.load(as: time_t.self)) }
  }

  /// The names in a folder, sorted, without hidden ones; nil when it cannot be read.
  static func names(in folder: String) -> [String]? {
    guard let directory = opendir(folder) else { return nil }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }
}

/// A file that was not there before: an older one may hold somebody's changes.
struct NewFile {
  let path: String
  private let descriptor: Int32

  /// Whether one can be made there, to know it before long work.
  static func check(_ path: String) throws(Failure) {
    var status = stat()
    if lstat(path, &status) == 0 { throw Failure(.failed, "\(path): \(Errno.text(EEXIST))") }
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    guard access(folder, W_OK) == 0 else { throw Failure(.failed, "\(path): \(Errno.text())") }
  }

  static func create(_ path: String, text: String) throws(Failure) {
    let file = try NewFile(path)
    defer { file.close() }
    try file.write(text.utf8)
  }

  /// Makes it, empty.
  init(_ path: String, mode: mode_t = 0o644) throws(Failure) {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw Failure(.failed, "\(path): \(Errno.text())") }
  }

  func write(_ bytes: some Collection<UInt8>) throws(Failure) {
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Failure(.failed, "\(path): \(Errno.text())") }
      rest = rest.dropFirst(count)
    }
  }

  func close() { _ = Glibc.close(descriptor) }

  /// Takes it away again.
  func remove() {
    close()
    unlink(path)
  }
}
