// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// A line on standard error that is written over again and again; nothing where that is no terminal.
struct ProgressLine {
  private let terminal: Terminal
  private let isShown = isatty(STDERR_FILENO) == 1
  private var hasText = false

  init(_ terminal: Terminal) { self.terminal = terminal }

  mutating func show(_ text: String) {
    guard isShown else { return }
    terminal.error("\r\u{1B}[K" + text)
    hasText = true
  }

  /// Takes the line away, so that something else can be written.
  mutating func clear() {
    guard hasText else { return }
    terminal.error("\r\u{1B}[K")
    hasText = false
  }
}
