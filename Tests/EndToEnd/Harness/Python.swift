// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

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

  /// A Python with this version of pymodbus.
  static func withPymodbus(_ version: String) async throws -> String {
    try await with(["pymodbus==" + version], as: "pymodbus-" + version)
  }

  /// A Python with these packages, made at the first use under `.build/python`.
  ///
  /// Tests that want it at the same time share the making of it.
  /// - Parameter name: of the environment; with the versions in it, so that others get one of their own.
  static func with(_ packages: [String], as name: String) async throws -> String {
    let work = beingMade.withLock { all -> Task<String, any Error> in
      if let known = all[name] { return known }
      let new = Task { try await make(packages, as: name) }
      all[name] = new
      return new
    }
    return try await work.value
  }

  private static let beingMade = Mutex<[String: Task<String, any Error>]>([:])

  private static func make(_ packages: [String], as name: String) async throws -> String {
    let place = Programs.repository + "/.build/python/" + name
    let python = place + "/bin/python"
    if access(place + "/complete", F_OK) == 0 { return python }
    try Files.makeFolder(place)
    try await Command.check(try await path(), ["-m", "venv", "--clear", place], within: .seconds(300))
    try await Command.check(
      python,
      ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "5"] + packages,
      within: .seconds(400))
    try Files.write("", to: place + "/complete")
    return python
  }
}
