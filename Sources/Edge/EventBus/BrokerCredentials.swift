// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Threads

/// User and password of a broker, given or in files that are read at each connect, so that a new password needs no
/// restart. What is given wins.
package struct BrokerCredentials: Sendable, Equatable {
  package var username: String?
  package var password: String?
  package var usernameFile: String?
  package var passwordFile: String?

  package init(
    username: String? = nil, password: String? = nil, usernameFile: String? = nil, passwordFile: String? = nil
  ) {
    self.username = username
    self.password = password
    self.usernameFile = usernameFile
    self.passwordFile = passwordFile
  }

  struct ReadError: Error {
    let description: String
  }

  /// Both as they are now; blocks on the disk.
  func read() throws(ReadError) -> (username: String?, password: String?) {
    var credentials = (username: username, password: password)
    if username == nil { credentials.username = try Self.firstLine(usernameFile) }
    if password == nil { credentials.password = try Self.firstLine(passwordFile) }
    return credentials
  }

  /// A file's text without the line end that editors leave behind.
  private static func firstLine(_ path: String?) throws(ReadError) -> String? {
    guard let path else { return nil }
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw ReadError(description: "\(path): \(SystemError.text(errno))") }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 4_096)
    let count = Glibc.read(file, &bytes, bytes.count)
    guard count >= 0 else { throw ReadError(description: "\(path): \(SystemError.text(errno))") }
    let text = bytes[..<count].prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
    guard !text.isEmpty else { throw ReadError(description: "\(path): expected a text, found nothing") }
    return String(decoding: text, as: UTF8.self)
  }
}
