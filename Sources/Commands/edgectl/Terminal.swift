// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Standard output and error.
struct Terminal: Sendable {
  enum Color: String, Sendable {
    case red = "31"
    case green = "32"
    case yellow = "33"
    case faint = "2"
    case bold = "1"
  }

  /// Whether the output may be coloured: a terminal that can, and nobody said no (https://no-color.org).
  let hasColor: Bool

  static let standard = Terminal(
    hasColor: isatty(STDOUT_FILENO) == 1 && (environment("NO_COLOR") ?? "").isEmpty
      && environment("TERM") != "dumb")

  static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  func paint(_ text: String, _ color: Color?) -> String {
    guard hasColor, let color else { return text }
    return "\u{1B}[\(color.rawValue)m\(text)\u{1B}[0m"
  }

  /// Writes at once, so that a reader of a pipe sees each line when it happens.
  func out(_ text: String) {
    // The reader has gone, as `head` does: there is nobody left to tell.
    if !write(text, to: STDOUT_FILENO) { exit(0) }
  }

  /// Whether somebody sits there who can be asked, and sees what goes on.
  var isInteractive: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

  /// Asks a question that is answered with y or n; no without an answer.
  func confirms(_ question: String) -> Bool {
    error(question + " [y/N] ")
    guard let answer = readLine(strippingNewline: true)?.lowercased() else { return false }
    return answer == "y" || answer == "yes"
  }

  func error(_ text: String) { _ = write(text, to: STDERR_FILENO) }

  func error(_ failure: Failure) {
    var text = "edgectl: \(failure.message)\n"
    if !failure.hint.isEmpty { text += failure.hint + "\n" }
    error(text)
  }

  private func write(_ text: String, to descriptor: Int32) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
        if count < 0 {
          if errno == EINTR { continue }
          return false
        }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
      return true
    }
  }
}
