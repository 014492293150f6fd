// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Synchronization

/// A terminal that is drawn over again and again, and read key by key. What was on it is there again afterwards.
final class Screen {
  enum Key: Equatable {
    case quit, sort, refresh, up, down, pageUp, pageDown, home
  }

  private static let isStopped = Atomic<Bool>(false)
  private var before = termios()

  /// Nil where there is none to take keys from.
  init?() {
    guard isatty(STDIN_FILENO) == 1, tcgetattr(STDIN_FILENO, &before) == 0 else { return nil }
    // Touched here, so that the handler below finds it made.
    Self.isStopped.store(false, ordering: .relaxed)
    for number in [SIGINT, SIGTERM, SIGHUP] { signal(number, screenStops) }
    var raw = before
    raw.c_lflag &= ~tcflag_t(ICANON | ECHO)
    tcsetattr(STDIN_FILENO, TCSANOW, &raw)
    // The other screen, without a cursor, and lines that do not wrap.
    Terminal.standard.out("\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l")
  }

  func close() {
    Terminal.standard.out("\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l")
    tcsetattr(STDIN_FILENO, TCSANOW, &before)
  }

  /// In place of what was there, without a moment of emptiness between.
  func draw(_ lines: [String], foot: String, rows: Int) {
    var text = "\u{1B}[H"
    for line in lines { text += line + "\u{1B}[K\n" }
    text += "\u{1B}[J\u{1B}[\(rows);1H" + foot + "\u{1B}[K"
    Terminal.standard.out(text)
  }

  static func stop() { isStopped.store(true, ordering: .relaxed) }

  /// The next key; nil when there was none for so long, or one without a meaning. Blocks: not for Swift's pool.
  static func key(within milliseconds: Int32) -> Key? {
    if isStopped.load(ordering: .relaxed) { return .quit }
    var place = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    guard poll(&place, 1, milliseconds) > 0 else {
      return isStopped.load(ordering: .relaxed) ? .quit : nil
    }
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = read(STDIN_FILENO, &bytes, bytes.count)
    // Nobody is at the keys any more.
    guard count > 0 else { return count < 0 && errno == EINTR ? nil : .quit }
    return key(String(decoding: bytes[..<count], as: UTF8.self))
  }

  static func key(_ text: String) -> Key? {
    switch text {
    case "q", "Q", "\u{03}", "\u{04}": .quit
    case "s": .sort
    case " ": .refresh
    case "\u{1B}[A", "\u{1B}OA", "k": .up
    case "\u{1B}[B", "\u{1B}OB", "j": .down
    case "\u{1B}[5~": .pageUp
    case "\u{1B}[6~": .pageDown
    case "\u{1B}[H", "\u{1B}[1~", "g": .home
    default: nil
    }
  }
}

private func screenStops(_ number: Int32) { Screen.stop() }
