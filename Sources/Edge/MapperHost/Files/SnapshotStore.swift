// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Glibc
internal import Synchronization

/// The folder of snapshots: copies of libraries, named by their hash, that runners open instead of the
/// files that people overwrite.
final class SnapshotStore: Sendable {
  let folder: String
  /// How many `Snapshot`s stand for each file, by hash.
  private let users = Mutex<[String: Int]>([:])

  init(folder: String) { self.folder = folder }

  /// Makes the folder and removes what an earlier run left: a power cut may have left half a copy under a
  /// good name, and no runner outlives its agent.
  func prepare() throws(FileProblem) {
    try Folder.create(folder, mode: 0o700)
    for name in try Folder.names(in: folder) where name.hasSuffix(".so") || name.hasPrefix(Self.partPrefix) {
      unlink(folder + "/" + name)
    }
  }

  private static let partPrefix = ".part-"

  /// Copies `file` from its start and hashes what it copies.
  func take(_ file: borrowing OpenFile) throws(FileProblem) -> Snapshot {
    let part = "\(folder)/\(Self.partPrefix)\(pthread_self())"
    let descriptor = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o500)
    guard descriptor >= 0 else { throw FileProblem("cannot create \(part)", code: errno) }
    var isDone = false
    defer {
      close(descriptor)
      if !isDone { unlink(part) }
    }
    let hash = try copy(file, to: descriptor, path: part)
    let path = self.path(of: hash)
    // Under the lock, so that the last user of an equal snapshot does not remove what is put in its place.
    let moved = users.withLock { users in
      guard rename(part, path) == 0 else { return false }
      users[hash, default: 0] += 1
      return true
    }
    guard moved else { throw FileProblem("cannot rename \(part)", code: errno) }
    isDone = true
    return Snapshot(hash: hash, path: path, store: self)
  }

  private func copy(_ file: borrowing OpenFile, to descriptor: Int32, path: String) throws(FileProblem)
    -> String
  {
    var hash = SHA256()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      let count = try file.read(into: buffer)
      if count == 0 { break }
      let piece = UnsafeRawBufferPointer(rebasing: buffer[..<count])
      hash.update(piece)
      var written = 0
      while written < count {
        let put = write(descriptor, piece.baseAddress?.advanced(by: written), count - written)
        if put < 0 {
          if errno == EINTR { continue }
          throw FileProblem("cannot write \(path)", code: errno)
        }
        written += put
      }
    }
    return Self.hexadecimal(hash.finish().prefix(8))
  }

  /// A copy that is loaded into this process, and removed then: what was loaded once is mapped for good, and the same
  /// file would be given again as it is.
  func copy(_ snapshot: Snapshot, number: Int) throws(FileProblem) -> String {
    let path = "\(folder)/\(snapshot.hash).\(number).so"
    let file = try OpenFile(path: snapshot.path)
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o500)
    guard descriptor >= 0 else { throw FileProblem("cannot create \(path)", code: errno) }
    defer { close(descriptor) }
    do throws(FileProblem) {
      _ = try copy(file, to: descriptor, path: path)
    } catch {
      unlink(path)
      throw error
    }
    return path
  }

  func path(of hash: String) -> String { "\(folder)/\(hash).so" }

  func release(_ hash: String) {
    users.withLock { users in
      let left = (users[hash] ?? 1) - 1
      users[hash] = left > 0 ? left : nil
      if left <= 0 { _ = unlink(path(of: hash)) }
    }
  }

  static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}

/// One copy of a library. The file is there as long as somebody holds one of these for it.
final class Snapshot: Sendable {
  /// The first 16 hexadecimal digits of its SHA-256.
  let hash: String
  let path: String
  private let store: SnapshotStore

  fileprivate init(hash: String, path: String, store: SnapshotStore) {
    self.hash = hash
    self.path = path
    self.store = store
  }

  deinit { store.release(hash) }
}
