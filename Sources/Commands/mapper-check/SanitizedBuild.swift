// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import MapperCheck

/// Checking a mapper that was built with address and undefined behaviour sanitizers.
///
/// By gcc, whose sanitizer is a library that can be put before a program that has none; clang's is part of the
/// program.
enum SanitizedBuild {
  typealias Failure = ToolProcess.Failure

  /// Builds the mapper of a folder by its Makefile.
  ///
  /// - Parameter library: beside which the new one goes, into the folder `sanitized`, under the same name.
  /// - Returns: the new library.
  static func make(folder: String, library: String) throws(Failure) -> String {
    let parts = library.split(separator: "/", omittingEmptySubsequences: false)
    let parent = parts.count > 1 ? parts.dropLast().joined(separator: "/") + "/" : "./"
    guard let place = Terminal.absolute(parent) else { throw Failure("\(parent): \(Terminal.reason(errno))") }
    let out = place + "/sanitized/" + (parts.last ?? "mapper.so")
    let made = try ToolProcess.run("make", ["-C", folder, "SANITIZE=1", "CC=gcc", "OUT=" + out])
    guard made.status == 0 else {
      throw Failure("make -C \(folder) SANITIZE=1 CC=gcc failed:\n\(made.output)")
    }
    return out
  }

  /// For the processes of the checks.
  static func environment() throws(Failure) -> [String] {
    let found = try ToolProcess.run("gcc", ["-print-file-name=libasan.so"])
    let sanitizer = found.output.split(separator: "\n").first.map(String.init) ?? ""
    guard sanitizer.hasPrefix("/") else { throw Failure("gcc has no libasan.so") }
    return [
      "LD_PRELOAD=" + sanitizer,
      // Leaks are looked for by memory-2 alone: Swift's runtime keeps some things for ever.
      "ASAN_OPTIONS=detect_leaks=1:leak_check_at_exit=0:exitcode=99:" + LeakCheck.stackFormat,
      "UBSAN_OPTIONS=print_stacktrace=1:exitcode=99",
    ]
  }
}
