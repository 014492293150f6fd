// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// The manifests that `-f` names: a file, a folder, or standard input.
enum ManifestSource {
  struct Text: Equatable {
    /// For messages.
    let name: String
    let text: String
  }

  /// The agent takes no larger one.
  private static let limit = 1 << 20

  /// - Parameter path: `-` is standard input; of a folder its `*.yaml`, `*.yml` and `*.json`, sorted.
  static func read(_ path: String) throws(Failure) -> [Text] {
    if path == "-" {
      return [
        Text(name: "standard input", text: try text(of: STDIN_FILENO, name: "standard input"))
      ]
    }
    var status = stat()
    guard stat(path, &status) == 0 else { throw failure(path) }
    guard status.st_mode & S_IFMT == S_IFDIR else { return [try file(path)] }
    guard let entries = FileText.names(in: path) else { throw failure(path) }
    let names = entries.filter {
      $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") || $0.hasSuffix(".json")
    }
    guard !names.isEmpty else {
      throw Failure(
        .failed, "\(path): no manifests", hint: "A folder's *.yaml, *.yml and *.json are read.")
    }
    var texts: [Text] = []
    for name in names {
      texts.append(try file(path.hasSuffix("/") ? path + name : path + "/" + name))
    }
    return texts
  }

  private static func file(_ path: String) throws(Failure) -> Text {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path) }
    defer { close(descriptor) }
    return Text(name: path, text: try text(of: descriptor, name: path))
  }

  private static func text(of descriptor: Int32, name: String) throws(Failure) -> String {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure(name) }
      if count == 0 { break }
      bytes += buffer[..<count]
      guard bytes.count <= limit else {
        throw Failure(.failed, "\(name): larger than \(limit) bytes, which the agent does not take")
      }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Failure(.failed, "\(name): expected UTF-8 text")
    }
    return text
  }

  private static func failure(_ path: String) -> Failure {
    Failure(.failed, "\(path): \(Errno.text())")
  }
}
