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
    case cyan = "36"
    case reverse = "7"
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

  /// Columns and rows of the output; what `COLUMNS` says, or 80 × 24, where it is no terminal.
  var size: (columns: Int, rows: Int) {
    var size = winsize()
    if ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 {
      return (Int(size.ws_col), Int(size.ws_row))
    }
    let columns = Self.environment("COLUMNS").flatMap { Int($0) } ?? 80
    return (min(max(columns, 20), 1000), 24)
  }

  /// Whether the output is a screen that can be written over.
  var isScreen: Bool { isatty(STDOUT_FILENO) == 1 && Self.environment("TERM") != "dumb" }

  /// Whether somebody sits there who can be asked, and sees what goes on.
  var isInteractive: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

  /// Asks a question that is answered with y or n; no without an answer.
  func confirms(_ question: String) -> Bool {
    error(question + " [y/N] ")
    guard let answer = readLine(strippingNewline: true)?.lowercased() else { return false }
    return answer == "y" || answer == "yes"
  }

  /// Bytes as they stand.
  func out(bytes: some Collection<UInt8>) {
    if !Array(bytes).withUnsafeBytes({ Self.write($0, to: STDOUT_FILENO) }) { exit(0) }
  }

  func error(_ text: String) { _ = write(text, to: STDERR_FILENO) }

  func error(_ failure: Failure) {
    var text = "edgectl: \(failure.message)\n"
    if !failure.hint.isEmpty { text += failure.hint + "\n" }
    error(text)
  }

  private func write(_ text: String, to descriptor: Int32) -> Bool {
    var text = text
    return text.withUTF8 { Self.write(UnsafeRawBufferPointer($0), to: descriptor) }
  }

  private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
    var rest = bytes
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
