// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// The leak sanitizer, where the process runs with one.
package enum LeakCheck {
  /// The step that tells whoever reads the process's output that a report on leaks may follow.
  static let step = "leak check"

  /// Prints what is lost on stderr. Nil without a sanitizer.
  static func find() -> (@convention(c) () -> Int32)? {
    guard let symbol = dlsym(nil, "__lsan_do_recoverable_leak_check") else { return nil }
    return unsafeBitCast(symbol, to: (@convention(c) () -> Int32).self)
  }

  /// For ASAN_OPTIONS: each line of a stack names the file that its code is in, too.
  package static let stackFormat = "stack_trace_format=\"    #%n %p in %f %S %M\""

  /// The reports on memory that the library asked for, itself or through a library below it, out of a process's
  /// output. What the host lost is not among them.
  static func leaks(in output: String, of library: String) -> [String] {
    let name = "(" + (library.split(separator: "/").last.map(String.init) ?? library) + "+0x"
    return output.split(separator: "\n\n").map(String.init).filter { report in
      guard report.contains("leak of") else { return false }
      let frames = report.split(separator: "\n").dropFirst()
      let own = frames.firstIndex { $0.contains(name) }
      let host = frames.firstIndex { $0.contains("(mapper-check+0x") }
      guard let own else { return false }
      return host.map { own < $0 } ?? true
    }
  }
}
