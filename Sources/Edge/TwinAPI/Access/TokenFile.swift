// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import JSON

/// `tokens.json`: read at the start, replaced as a whole with each change, for the agent's eyes only. Blocks on the disk.
struct TokenFile: Sendable {
  struct Problem: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }

    static func last(_ path: String) -> Problem { Problem("\(path): \(String(cString: strerror(errno)))") }
  }

  let path: String

  /// A file that is not there has no tokens. One that cannot be read is a problem: nobody may come in by damaging it.
  func read() throws(Problem) -> [Token] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return [] }
      throw .last(path)
    }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 14)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .last(path) }
      if count == 0 { break }
      bytes += buffer[..<count]
      guard bytes.count <= 4 << 20 else { throw Problem("\(path): expected at most 4 MiB") }
    }
    let json: JSON
    do throws(JSONError) {
      json = try JSON.parse(bytes)
    } catch {
      throw Problem("\(path): at byte \(error.offset): \(error.reason)")
    }
    guard json["version"]?.int == 1, let records = json["tokens"]?.array else {
      throw Problem("\(path): expected version 1 and a list of tokens")
    }
    var tokens: [Token] = []
    for (index, record) in records.enumerated() {
      guard let token = Token(record: record) else {
        throw Problem("\(path): tokens[\(index)]: expected id, name, hash, scope and created")
      }
      tokens.append(token)
    }
    return tokens
  }

  /// A power cut leaves the old or the new text, whole.
  func write(_ tokens: [Token]) throws(Problem) {
    let temporary = path + ".new"
    let text: JSON = ["version": 1, "tokens": .array(tokens.map(\.record))]
    do throws(Problem) {
      try Self.put(text.bytes + [UInt8(ascii: "\n")], into: temporary)
      guard rename(temporary, path) == 0 else { throw .last(path) }
    } catch {
      unlink(temporary)
      throw error
    }
    let end = path.lastIndex(of: "/") ?? path.startIndex
    let folder = open(end == path.startIndex ? "/" : String(path[..<end]), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw .last(path) }
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw .last(path) }
  }

  private static func put(_ bytes: [UInt8], into path: String) throws(Problem) {
    // What an agent left that was killed here, perhaps with another mode.
    unlink(path)
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw .last(path) }
    defer { close(descriptor) }
    let isWritten = bytes.withUnsafeBytes { bytes in
      var at = 0
      while at < bytes.count {
        let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + at }, bytes.count - at)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        at += count
      }
      return true
    }
    guard isWritten, fsync(descriptor) == 0 else { throw .last(path) }
  }
}
