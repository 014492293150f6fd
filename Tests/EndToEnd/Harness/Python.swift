// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The machine's Python, and an environment of our own with packages from PyPI.
enum Python {
  /// The program itself: what PATH leads to may be a script that finds it.
  static func path() async throws -> String {
    let text = try await Command.check(try onPath(), ["-c", "import sys; print(sys.executable)"])
    return String(text.prefix { $0 != "\n" })
  }

  private static func onPath() throws -> String {
    let folders = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin"
    for folder in folders.split(separator: ":") where access(folder + "/python3", X_OK) == 0 {
      return folder + "/python3"
    }
    throw Programs.Missing(description: "there is no python3: apt install python3 python3-venv")
  }

  /// A Python with this version of pymodbus, made at the first use under `.build`.
  static func withPymodbus(_ version: String) async throws -> String {
    let place = Programs.repository + "/.build/python/pymodbus-" + version
    let python = place + "/bin/python"
    if access(place + "/complete", F_OK) == 0 { return python }
    try Files.makeFolder(place)
    try await Command.check(try await path(), ["-m", "venv", "--clear", place], within: .seconds(120))
    try await Command.check(
      python,
      [
        "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "5",
        "pymodbus==" + version,
      ],
      within: .seconds(180))
    try Files.write("", to: place + "/complete")
    return python
  }
}
