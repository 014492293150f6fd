// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import JSON

/// What a probe tells whoever started it: lines of JSON on a descriptor of its own, since a mapper may print.
///
/// - `["step", "read"]` before each call of the mapper, so that it is known where a process ended;
/// - `["line", "…"]` for the description;
/// - one of `["pass"]`, `["skip", why]`, `["fail", expected, seen]` at the end.
struct ProbeOutput: Sendable {
  /// Where the suite puts the descriptor.
  static let descriptor: Int32 = 3
  /// Where it keeps it: high, and yet below the usual limit.
  static let keptDescriptor: Int32 = 1000

  let descriptor: Int32

  /// An empty step: the call has returned.
  func step(_ name: String) { write(["step", .string(name)]) }

  func line(_ text: String) { write(["line", .string(text)]) }

  func end(_ result: Result<Void, CheckEnd>) {
    switch result {
    case .success: write(["pass"])
    case .failure(.skipped(let why)): write(["skip", .string(why)])
    case .failure(.failed(let expected, let seen)): write(["fail", .string(expected), .string(seen)])
    }
  }

  private func write(_ line: JSON) {
    guard descriptor >= 0 else { return }
    // A line of its own even where a library has written to a descriptor that is not its.
    let bytes = Array(("\n" + line.text + "\n").utf8)
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return }
      written += count
    }
  }
}
